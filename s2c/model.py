"""The words of the field as frozen data; no behaviour.

Law: these types carry facts from one module to the next and decide nothing. Offsets are bytes into the source, lines
and columns are 1-based and count characters, paths are project-relative with forward slashes, text is UTF-8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, order=True)
class Span:
    """Bytes `start` to `end` (exclusive) of a source."""

    start: int
    end: int


# --- what a source says -------------------------------------------------------------------------------------------


class HoleKind(StrEnum):
    """What may stand in a hole. `helpers` may stay empty, the others may not."""

    BODY = "body"
    PROOF = "proof"
    HELPERS = "helpers"


@dataclass(frozen=True)
class Hole:
    """A place that the model may fill. `span` is what the rendered fill replaces; it may be empty (an insertion)."""

    id: str  # h1, h2, ... in file order
    kind: HoleKind
    span: Span
    owner: str  # qualified name of the declaration it completes; "" for helpers
    form: str  # the language's own word for how a fill is rendered here
    visible: bool = False  # importers can see the fill (a Dafny function's body): it is part of the interface


@dataclass(frozen=True)
class Import:
    """A file that this one imports. `target` as written; where that lies, the language's layout says.

    `kind`: the language's word for how it is imported, where it has several (Verus: `mod`, `use`).
    """

    target: str
    span: Span
    kind: str = ""


@dataclass(frozen=True)
class Clause:
    """One clause of a contract: `kind` is the keyword, `span` the whole clause with its keyword."""

    kind: str
    span: Span
    text: str = ""  # its tokens after the keyword, with single blanks between


@dataclass(frozen=True)
class Declaration:
    """A declaration of the skeleton. `name` is qualified (`M.C.Inc`); `contract_end` is where one more clause fits."""

    name: str
    kind: str
    span: Span
    contract_end: int
    body: Span | None = None
    clauses: tuple[Clause, ...] = ()
    attributes: tuple[str, ...] = ()

    @property
    def head(self) -> Span:
        """From its first word to its first clause, or to its body, or to its end."""
        ends = [clause.span.start for clause in self.clauses] + ([self.body.start] if self.body is not None else [])
        return Span(self.span.start, min([*ends, self.span.end]))


@dataclass(frozen=True)
class Assumption:
    """Something that the given text takes on trust (an axiom, an `assume`): allowed there, and told.

    `name`: the qualified name of the declaration that is itself the axiom, where the verifier tells axioms by name.
    """

    what: str
    line: int
    name: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a source can't be read, at a place in it."""

    line: int
    column: int
    message: str


@dataclass(frozen=True)
class Outline:
    """What a language reads from one source: everything that the graph, the keys and the splice stand on.

    `skeleton` is every token that is trusted, in order, with a placeholder for each hole and for each import path.
    `interface` is the part of it that importers can see, with placeholders too.
    """

    imports: tuple[Import, ...]
    declarations: tuple[Declaration, ...]
    holes: tuple[Hole, ...]
    skeleton: tuple[bytes, ...]
    interface: tuple[bytes, ...]
    names: frozenset[str]  # every name that the skeleton declares or uses, unqualified
    declared: frozenset[str]  # names that it declares, unqualified
    assumptions: tuple[Assumption, ...] = ()
    problems: tuple[Problem, ...] = ()
    needs_bodies: bool = False  # it sees the bodies of what it imports (a Dafny module that refines another)


@dataclass(frozen=True)
class Spec:
    """A source file with its outline."""

    path: str
    language: str
    source: bytes = field(repr=False)
    outline: Outline = field(repr=False)


# --- what is made -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Slot:
    """A hole of one member of a component: `member` is the member's rank in it, `hole` the hole's id."""

    member: int
    hole: str

    def __str__(self) -> str:
        return f"{self.member}.{self.hole}"


@dataclass(frozen=True)
class Implementation:
    """Fills for every hole of a component, and where they came from. The fills alone are its identity."""

    obligation: str
    fills: Mapping[str, str]  # str(Slot) -> normalised text
    author: str  # "model" or "human"
    model: str = ""  # the model that served it; "authored" for those of the examples
    path: str = ""  # where the spec lay when this was made: a hint for reuse, never part of a key
    verified: bool = False  # a judge of this machine once said so: orders candidates, proves nothing


@dataclass(frozen=True)
class Diagnostic:
    """What a verifier or a check says about a place in an implementation."""

    path: str
    line: int
    column: int
    severity: str  # error | warning | info
    message: str
    excerpt: str = ""  # the line of text that it speaks of

    @property
    def text(self) -> str:
        """It as one line that editors jump to."""
        return f"{self.path}:{self.line}:{self.column}: {self.severity}: {self.message}"


@dataclass(frozen=True)
class Refusal:
    """A rule that a fill broke: the rule's name, the token, and where it stands in the fill (1-based line)."""

    rule: str
    message: str
    hole: str = ""
    line: int = 0


class VerdictKind(StrEnum):
    """The only green one is `verified`. Up to `incomplete` they are the model's to repair; the rest are the tool's."""

    VERIFIED = "verified"
    FAILED = "failed"
    SYNTAX = "syntax"
    TYPE = "type"
    TIMEOUT = "timeout"
    RESOURCE = "resource"
    POLICY = "policy"
    SPEC_CHANGED = "spec-changed"
    INCOMPLETE = "incomplete"
    TOOL_CRASH = "tool-crash"
    TOOL_MISSING = "tool-missing"


TOOL_TROUBLE = frozenset({VerdictKind.TOOL_CRASH, VerdictKind.TOOL_MISSING})


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one component's implementation. Only judge.py makes one that is `verified`."""

    kind: VerdictKind
    key: str  # the verdict key: every byte that counted
    reason: str = ""  # one line for a person
    diagnostics: tuple[Diagnostic, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    remarks: tuple[str, ...] = ()  # "spec-vacuous", "twin-skipped: decreases *", "twin-open", ...
    obligations: tuple[str, ...] = ()  # what was proved, by name
    assumptions: tuple[str, ...] = ()  # what the given text takes on trust, transitively
    tool: str = ""  # name, version and identity of what judged
    cpu_ms: int = 0


@dataclass(frozen=True)
class Attempt:
    """One set of fills for one component, with its verdict. `number` counts from 1 within one asking key."""

    obligation: str
    asking: str  # digest of model, templates and request settings: a change allows new attempts
    number: int
    fills: Mapping[str, str]
    verdict: VerdictKind
    reason: str
    diagnostics: tuple[Diagnostic, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    model: str = ""
    request: str = ""  # key of the request that brought it


# --- asking -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Message:
    """One message of a chat: `role` is system or user."""

    role: str
    content: str = field(repr=False)


@dataclass(frozen=True)
class Request:
    """One request as it goes out. `key` is the digest of what is asked, without the nonce."""

    key: str
    model: str
    messages: tuple[Message, ...]
    max_output: int  # tokens
    temperature: str = ""  # decimal text; "" leaves it to the endpoint
    # wire id (F1.h2) -> "OBLIGATION SLOT": lets a late reader use the answer
    expected: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    nonce: str = ""
    prompt_tokens: int = 0  # our own count


@dataclass(frozen=True)
class Usage:
    """Tokens as the endpoint counted them."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0
    written: int = 0  # of the prompt: written to the provider's cache, which some bill above the plain price


@dataclass(frozen=True)
class Answer:
    """One paid answer, whole or cut off, exactly as it came."""

    request: Request
    text: str = field(repr=False)
    finish: str  # stop | length | content_filter | broken: WHY | ...
    usage: Usage = Usage()
    served_model: str = ""
    request_id: str = ""
    cost: str = ""  # decimal text in US dollars; "" when no price is known
    seconds: str = ""  # decimal text


# --- telling ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """One thing that happened, for whoever listens. `kind` names it; docs/events.md lists the data of each kind."""

    kind: str
    data: Mapping[str, object] = field(default_factory=dict)
