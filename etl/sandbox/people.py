"""The people who work on cases, cards and bugs."""

from dataclasses import dataclass

from etl.sandbox.chance import fixed

NAMES = (
    "Alice Moreau", "Bastian Köhler", "Carmen Ortega", "David Kim", "Elif Yılmaz", "Farid Haddad",
    "Grace O'Connor", "Hana Suzuki", "李 娜", "Jakub Nowak", "Kavya Rao", "Lars Østergård",
    "Maya Cohen", "Nikhil Shah", "Olga Petrova", "Pedro Álvares", "Quentin Dubois", "Rosa Bianchi",
    "Samuel Adeyemi",
    "Tomás Rivera", "Uma Krishnan", "Viktor Lindqvist", "Wanda Zielińska", "김 민준",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the sources name them."""

    name: str
    username: str
    email: str
    account_id: str
    shy: bool


def _person(position: int, name: str) -> Person:
    username = f"user{position:02d}"
    account = f"5f{fixed('account', name):08x}{fixed(name):08x}{position:06d}"
    return Person(name, username, f"{username}@example.com", account, shy=position % 4 == 3)


_PEOPLE = {name: _person(position, name) for position, name in enumerate(NAMES)}


def person(name: str) -> Person:
    """Who is called `name`; a stranger shows an address."""
    return _PEOPLE.get(name) or _person(100 + fixed(name) % 900_000, name)


def known(username: str) -> str | None:
    """The name of whom the portal knows by a user name; None when nobody."""
    return next((one.name for one in _PEOPLE.values() if one.username == username), None)
