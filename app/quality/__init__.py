"""The work lists of `/quality`, in the order in which the page shows them."""

from app.quality import bug_lists, case_lists, restated, severity_lists, unreconciled
from app.quality.worklist import WorkList

LISTS: dict[str, WorkList] = {
    one.name: one
    for one in (
        *case_lists.LISTS,
        *severity_lists.LISTS,
        *bug_lists.LISTS,
        *restated.LISTS,
        *unreconciled.LISTS,
    )
}
