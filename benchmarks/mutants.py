"""Mutation testing of the modules that must not be wrong (docs/adr/0023-mutation-testing.md).

    python benchmarks/mutants.py                         # all, a sample of each module
    python benchmarks/mutants.py core/permissions.py --most 0 --show

One pytest process starts Django and its database once for all modules asked for. It runs their
tests once, noting which test runs which line, then forks a child a mutant: the child puts the
changed code into the living functions, runs the module's tests of that line, quickest first, and
stops at the first that fails. Lines outside of functions (tables) are not changed. What loops is
known by its processor seconds, which a busy machine does not add to; what waits for a lock is
killed after a while.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import pickle
import random
import signal
import sys
import time
import types
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
import typst
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parent.parent
MODULES: dict[str, list[str]] = {
    "core/permissions.py": ["tests/core/test_permissions.py"],
    "listings/rules/binding.py": ["tests/listings/test_rules_binding.py"],
    "listings/rules/blockers.py": [
        "tests/listings/test_rules_blockers.py",
        "tests/listings/test_rules_binding.py",
    ],
    "listings/services/register/binding.py": [
        "tests/listings/test_services_binding.py",
        "tests/listings/test_services_binding_lists.py",
    ],
    "pledges/rules.py": ["tests/pledges/test_rules.py"],
    "pledges/services.py": ["tests/pledges/test_services.py", "tests/pledges/test_models.py"],
    "core/outbox/services.py": ["tests/core/test_outbox.py", "tests/core/test_outbox_feed.py"],
    "core/outbox/registry.py": ["tests/core/test_outbox_feed.py", "tests/core/test_outbox.py"],
    "core/outbox/selectors.py": ["tests/core/test_outbox_feed.py", "tests/core/test_tracing.py"],
    **{
        f"licensing/{module}.py": [f"tests/licensing/test_{name}.py" for name in tests.split()]
        for module, tests in {
            "rules/effect": "rules",
            "rules/guards": "rules",
            "rules/moves": "rules states",
            "services/bundle_deals": "bundle_deals",
            "services/case_files": "case_files",
            "services/certificates": "registrations certificates",
            "services/claims": "claims",
            "services/clocks": "clocks services endings deal_kinds",
            "services/co_owners": "co_owners",
            "services/completing": "deals deals_signing deal_refusals",
            "services/conduct": "conduct",
            "services/conduct_facts": "conduct",
            "services/conduct_of_deals": "settlement_sums conduct conduct_of_deals",
            "services/contests": "services deal_refusals",
            "services/credits": "credits",
            "services/deal_endings": "deal_endings",
            "services/deal_ground": "deals deals_signing deals_told deal_refusals",
            "services/deals": "deals deals_told deal_refusals deal_kinds bundle_deals",
            "services/declarations": "declarations services",
            "services/dispute_ground": "disputes disputes_told pool_disputes pool_interest",
            "services/disputes": "disputes disputes_told pool_disputes",
            "services/documents": "documents services web income income_told",
            "services/dues": "royalty_services",
            "services/earnings": "royalty_services pool_royalties",
            "services/ending": "endings_told endings",
            "services/ending_course": "endings_told endings deal_endings",
            "services/equity": "equity equity_told",
            "services/exchange_reports": "registrations exchange_reports",
            "services/fee_plans": "services plans",
            "services/granting": "deals_signing deal_kinds endings",
            "services/ground": "services races",
            "services/handing": "handing",
            "services/income": "income income_refusals income_told",
            "services/income_objections": "income income_refusals income_told",
            "services/letters": "letters royalty_services settlement_sums pool_royalties",
            "services/mediation": "disputes disputes_told pool_disputes",
            "services/offsets": "offsets",
            "services/outcome_corrections": "outcome_handling outcome_corrections",
            "services/outcome_imports": "outcome_handling outcome_imports",
            "services/outcome_queue": "outcome_handling",
            "services/outcomes": "services outcome_handling outcomes",
            "services/pool_dues": "pool_royalties pool_disputes pool_interest",
            "services/pool_entries": "pools",
            "services/pool_interest": "pool_interest",
            "services/pool_licences": "pools pool_papers pool_royalties pool_interest",
            "services/pool_papers": "pool_papers",
            "services/pool_royalties": "pool_royalties pool_interest",
            "services/pools": "pools",
            "services/registrations": "registrations",
            "services/renewals": "endings_told endings",
            "services/retention": "retention",
            "services/rivals": "deals_races rivals",
            "services/royalties": "royalty_services",
            "services/settlement_sums": "settlement_sums disputes_told",
            "services/settling": "disputes disputes_told settlement_sums pool_disputes",
            "services/signing": "deals_signing deal_refusals deal_kinds bundle_deals",
            "services/taking": "taking services",
            "services/terminations": "endings_told endings",
        }.items()
    },
}
MEETS = 100  # tests that a mutant meets, quickest first, and more as long as they take
BUDGET = 20  # seconds
HUNG = 10  # processor seconds beyond those of the test as it is
WAITED = 6  # by the clock so many times more, for what waits for others
BROKEN = 3  # the test could not even be set up: perhaps the mutant, perhaps what one before it left


@dataclass
class Mutant:
    """One change of one line."""

    line: int
    what: str
    tree: ast.Module


SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


def mutants(source: str) -> Iterator[Mutant]:
    """Every change: comparisons, and/or, arithmetic, not, constants, statements left out."""
    tree = ast.parse(source)
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        for number, node in enumerate(_inside(function)):
            for what, change in _changes(node):
                changed = copy.deepcopy(tree)
                twin = next(
                    f for f in ast.walk(changed)
                    if isinstance(f, ast.FunctionDef)
                    and (f.name, f.lineno) == (function.name, function.lineno)
                )  # fmt: skip
                change(list(_inside(twin))[number])
                yield Mutant(getattr(node, "lineno", function.lineno), what, changed)


def _inside(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What runs when it is called: not its docstring, its signature or functions within it."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.JoinedStr | ast.Raise):
            waiting += list(ast.iter_child_nodes(node))


def _changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield (
            f"{type(node.ops[0]).__name__} turned",
            lambda n: n.ops.__setitem__(0, SWAPS[type(n.ops[0])]()),
        )
    elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPS:
        yield f"{type(node.op).__name__} turned", lambda n: setattr(n, "op", SWAPS[type(n.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not left out", lambda n: setattr(n, "op", ast.UAdd()) or _untruth(n)
    elif isinstance(node, ast.Constant) and node.value in (True, False) and not _is_number(node):
        yield f"{node.value} turned", lambda n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.Constant) and _is_number(node):
        yield f"{node.value} + 1", lambda n: setattr(n, "value", n.value + 1)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "condition false", lambda n: setattr(n, "test", ast.Constant(value=False))
        if not (isinstance(node.test, ast.Constant) and node.test.value is True):
            yield "condition true", lambda n: setattr(n, "test", ast.Constant(value=True))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "call left out", lambda n: setattr(n, "value", ast.Constant(value=None))
    elif isinstance(node, ast.Return) and not _is_none(node.value):
        yield "returns nothing", lambda n: setattr(n, "value", ast.Constant(value=None))


def _untruth(node: Any) -> None:
    """`+x` of what is no number fails; `bool(x)` is what is meant by leaving `not` out."""
    node.op, node.operand = ast.Not(), ast.UnaryOp(op=ast.Not(), operand=node.operand)


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _is_number(node: ast.Constant) -> bool:
    return type(node.value) is int


@dataclass
class Subject:
    """One module: which of its tests ran which line, and how its mutants fared."""

    module: str
    by_line: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: set[int] = field(default_factory=set)
    killed: int = 0
    total: int = 0
    possible: int = 0
    uncovered: int = 0
    hung: int = 0
    survivors: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return ROOT / self.module

    @property
    def name(self) -> str:
        return self.module.removesuffix(".py").replace("/", ".")

    def line(self, frame: Any, event: str, _: Any) -> Any:
        """Python's tracing of one call within the module."""
        if event == "line":
            self.seen.add(frame.f_lineno)
        return self.line

    def note(self, test: str) -> None:
        """What was seen since the last time was that test, where it is one of the module's own."""
        if test.partition("::")[0] in MODULES[self.module]:
            for line in self.seen:
                self.by_line[line].append(test)
        self.seen.clear()

    def report(self, *, show: bool) -> None:
        share = 100 * self.killed / max(self.total, 1)
        told = f"{self.killed} of {self.total} killed ({share:.0f} %), {self.possible} possible"
        rest = f"{self.hung} by hanging, {self.uncovered} on lines no test runs"
        print(f"\n{self.name}: {told}, {rest}", flush=True)
        for line in self.survivors if show else []:
            print("   lives:", line, flush=True)


class Plugin:
    """Runs the tests once, then a mutant a child."""

    def __init__(self, modules: list[str], asked: argparse.Namespace) -> None:
        self.subjects, self.asked = [Subject(module) for module in modules], asked
        self.by_file = {str(subject.path): subject for subject in self.subjects}
        self.seconds: dict[str, float] = {}

    def trace(self, frame: Any, _event: str, _: Any) -> Any:
        subject = self.by_file.get(frame.f_code.co_filename)
        return subject.line if subject else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All tests as they are, the database staying up at their end; then the mutants."""
        self.session = session
        typst.compile = apart(typst.compile)
        self.by_name = {item.nodeid: item for item in session.items}
        for item in session.items:
            begun = time.monotonic()
            sys.settrace(self.trace)
            self.run(item)
            sys.settrace(None)
            self.seconds[item.nodeid] = time.monotonic() - begun
            for subject in self.subjects:
                subject.note(item.nodeid)
            if session.testsfailed:
                raise SystemExit(f"{item.nodeid} fails as it is")
        for subject in self.subjects:
            self.measure(subject)
        return True

    def measure(self, subject: Subject) -> None:
        """A sample of the module's mutants, each in a child, and what became of them."""
        found = list(mutants(subject.path.read_text("utf-8")))
        subject.possible = len(found)
        if self.asked.most and len(found) > self.asked.most:
            found = random.Random(self.asked.seed).sample(found, self.asked.most)
        for mutant in sorted(found, key=lambda m: m.line):
            subject.total += 1
            self.meet(subject, mutant)
        subject.report(show=self.asked.show)

    def run(self, item: pytest.Item) -> None:
        """One test; what is above it (session, module) stays as it is set up."""
        self.session._setupstate.teardown_exact(item)
        other = next(other for other in self.session.items if other is not item)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=other)

    def meet(self, subject: Subject, mutant: Mutant) -> None:
        tests = sorted(subject.by_line.get(mutant.line, []), key=self.seconds.__getitem__)
        if not tests:
            subject.uncovered += 1
        elif self.fork(subject, mutant, self.affordable(tests)):
            subject.killed += 1
            return
        subject.survivors.append(f"{subject.name}:{mutant.line} {mutant.what}")

    def affordable(self, tests: list[str]) -> list[str]:
        """Of a rule hundreds of tests of milliseconds each; of a service the quickest."""
        spent = accumulate(self.seconds[name] for name in tests)
        return [
            name
            for place, (name, seconds) in enumerate(zip(tests, spent, strict=True))
            if place < MEETS or seconds < BUDGET
        ]

    def fork(self, subject: Subject, mutant: Mutant | None, tests: list[str]) -> bool:
        """Whether a child with this mutant, or with none, fails a test, or hangs."""
        from django.db import connections

        connections.close_all()  # a child opens its own
        child = os.fork()
        if child == 0:
            os._exit(self.child(subject, mutant, tests))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        subject.hung += code in (-signal.SIGALRM, -signal.SIGPROF)
        if code == BROKEN and self.fork(subject, None, tests):
            raise SystemExit(f"{subject.name}: an earlier mutant left a broken world behind")
        return code != 0

    def child(self, subject: Subject, mutant: Mutant | None, tests: list[str]) -> int:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        if mutant is not None:
            put_in(mutant.tree, subject.name, str(subject.path))
        for name in tests:
            limit = HUNG + 5 * self.seconds[name]
            signal.setitimer(signal.ITIMER_PROF, limit)
            signal.alarm(int(WAITED * limit))
            told = self.tried(self.by_name[name])
            if any(report.failed for report in told):
                return BROKEN if told[0].failed else 1
        return 0

    def tried(self, item: pytest.Item) -> list[pytest.TestReport]:
        """The reports of one test, kept from the terminal: set up, called, taken down."""
        self.session._setupstate.teardown_exact(item)
        other = next(other for other in self.session.items if other is not item)
        return runtestprotocol(item, log=False, nextitem=other)


def apart(call: Callable[..., Any]) -> Callable[..., Any]:
    """The same call in a child: typst leaves threads behind, for which a later fork would wait."""

    def called(*args: Any, **known: Any) -> Any:
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            with os.fdopen(theirs, "wb") as out:
                try:
                    pickle.dump((call(*args, **known), ""), out)
                except Exception as problem:
                    pickle.dump((None, repr(problem)), out)
            os._exit(0)
        os.close(theirs)
        with os.fdopen(ours, "rb") as told:
            done, problem = pickle.load(told)
        os.waitpid(child, 0)
        if problem:
            raise RuntimeError(problem)
        return done

    return called


def put_in(tree: ast.Module, name: str, file: str) -> None:
    """The changed code into the functions that live, wherever they are referred to."""
    code = compile(ast.fix_missing_locations(tree), file, "exec")
    fresh = {(c.co_qualname, c.co_firstlineno): c for c in _codes(code)}
    module = import_module(name)
    for thing in _functions(module):
        inner = fresh.get((thing.__code__.co_qualname, thing.__code__.co_firstlineno))
        if inner is not None and len(inner.co_freevars) == len(thing.__code__.co_freevars):
            thing.__code__ = inner


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            yield from _codes(const)


def _functions(module: types.ModuleType) -> Iterator[types.FunctionType]:
    """Those of the module and of its classes, beneath their decorators."""
    waiting = list(vars(module).values())
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, type) and thing.__module__ == module.__name__:
            waiting += list(vars(thing).values())
        if isinstance(thing, property):
            waiting.append(thing.fget)
        thing = getattr(thing, "__func__", thing)
        while hasattr(thing, "__wrapped__"):
            thing = thing.__wrapped__
        if isinstance(thing, types.FunctionType) and thing.__module__ == module.__name__:
            yield thing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("modules", nargs="*", default=[])
    parser.add_argument("--most", type=int, default=60, help="mutants a module; 0: all")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", action="store_true", help="name those that live")
    asked = parser.parse_args()
    modules = asked.modules or list(MODULES)
    tests = sorted({t for m in modules for t in MODULES[m] if (ROOT / t).exists()})
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    options = [*tests, "-q", "-p", "no:cacheprovider", "--no-header", "-x"]
    return int(pytest.main(options, plugins=[Plugin(modules, asked)]))


if __name__ == "__main__":
    sys.exit(main())
