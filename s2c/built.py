"""What lies in build/, read as a case for the judge.

Law: nothing is believed of it. Every file must be its spec's own bytes with fills in the holes, down to the last blank;
a file that is anything else makes the case `spec-changed`, a missing one `incomplete`.
"""

from s2c.case import Case
from s2c.digest import Json, digest, digest_bytes
from s2c.graph import Component
from s2c.languages.base import language
from s2c.model import Verdict, VerdictKind
from s2c.project import Project
from s2c.splice import splice
from s2c.stands import fills_in


def read(project: Project, component: Component) -> Case | Verdict:
    """The component as it lies in build/ with all that it imports; or the verdict that makes judging it needless."""
    broken = project.graph.broken(component.id)
    if broken:
        return Verdict(VerdictKind.SYNTAX, "", f"{broken[0].path}:{broken[0].line}: {broken[0].message}")
    fills: dict[str, dict[str, str]] = {}
    imports: dict[str, bytes] = {}
    for path in project.graph.files_of(component.id):
        spec = project.graph.specs[path]
        content = spec.source if _external(path) else project.outputs.read(path)
        if content is None:
            return Verdict(VerdictKind.INCOMPLETE, "", f"not generated: {path}")
        found = fills_in(spec, content)
        if found is None:
            return Verdict(VerdictKind.SPEC_CHANGED, "", f"the build folder does not hold {path} as it is today")
        if path in component.members:
            fills[path] = found
        else:
            imports[path] = content
    return Case(component, fills, imports)


def key(project: Project, case: Case, identity: str) -> str:
    """What `verify:PATH` was made from: every byte that a verifier reads for it, the tool, the rules, the limits."""
    spoken = language(case.component.language)
    files = {path: digest_bytes(content) for path, content in case.imports.items()}
    for path in case.component.members:
        spec = project.graph.specs[path]
        files[path] = digest_bytes(splice(spec, spoken, case.fills[path]).content)
    content: dict[str, Json] = {
        "files": files,
        "tool": identity,
        "policy": spoken.policy_version,
        "limits": project.config.check_seconds,
    }
    options = project.graph.options(case.component)
    return digest("verify.1", {**content, "options": list(options)} if options else content)


def _external(path: str) -> bool:
    return path.startswith("../")
