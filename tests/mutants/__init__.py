"""Fills said in other words: changes of an attack or of an honest text that keep its meaning.

Law: nothing here knows how s2c reads a language. Each language has a tokenizer of its own and a list of named
mutations, each with the law that says why the meaning stays; where a mutation can't be sure, it does not apply. The
same seed gives the same mutants.

* `code`: a fill as tokens and what lies between them.
* `engine`: mutations drawn and put together, so many for each row.
* `alike`: what mutations of several languages share.
* `dafny`, `lean`, `verus`: the tokenizer and the mutations of each language.
"""
