"""Accounts and engineers: whom the cases of a View may belong to, and where each is told of."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Who:
    """A kind of owner of cases: the field of a View that names it, its path, its words.

    `meant` says in a sentence whose a case is.
    """

    field: Literal["account", "engineer"]
    path: str
    one: str
    many: str
    nobody: str
    meant: str

    def page(self, name: str) -> str | None:
        """The path of one's page; None where a path cannot hold the name.

        Browsers take `.` and `..` for steps in a path, however they are written.
        """
        return f"{self.path}/{quote(name, safe='')}" if name.strip(".") else None


ACCOUNTS = Who(
    "account", "/accounts", "account", "accounts", "No account",
    "A case belongs to the account that the portal names.",
)  # fmt: skip
ENGINEERS = Who(
    "engineer", "/engineers", "engineer", "engineers", "Nobody",
    "A case is with the assignee of its card, else with its owner; contributors do not count.",
)  # fmt: skip
WHO: dict[str, Who] = {who.field: who for who in (ACCOUNTS, ENGINEERS)}
