"""A fourth language in one folder: numbers that must keep promises. docs/add-a-language.md walks through it.

    import base.toy
    n: > 3, even
    n = ?

A line `NAME: PROMISE, ...` is a contract, `NAME = ?` below it a hole for a number, `NAME = 4` given text. Its verifier
is the small program `toyproof` beside this file.
"""

from s2c.languages.known import Known

LANGUAGE = Known((".toy",), "toylanguage:Toy")
