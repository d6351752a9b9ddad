"""What dates and instants look like in addresses (ISO 8601), as regular expressions.

They say what is taken: no 30 February, no hour 24. They hold no groups and no classes that
differ between languages, so that the API's description can state them too.
"""

FIRST_YEAR, LAST_YEAR = 1900, 2200

# The outermost years are left out: in UTC an instant of theirs may lie in a year further out.
_YEAR = r"(?:190[1-9]|19[1-9][0-9]|(?:20|21)[0-9]{2})"
_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_YEAR = r"(?:(?:19|20|21)(?:0[48]|[2468][048]|[13579][26])|2000)"
DATE = rf"(?:{_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)"


def instant_like(colon: str = ":", sign: str = "[+-]", date: str = DATE) -> str:
    """A date, or an instant with or without its offset; colon and sign as they are encoded."""
    hour, minute = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
    clock = rf"{hour}{colon}{minute}(?:{colon}{minute}(?:[.,][0-9]{{1,6}})?)?"
    return rf"{date}(?:[T ]{clock}(?:Z|{sign}{hour}(?:{colon})?{minute})?)?"


INSTANT = instant_like()
# What is read: whether there is such a day, and in such a year, the reader sees.
READ = instant_like(date="[0-9]{4}-[0-9]{2}-[0-9]{2}")
