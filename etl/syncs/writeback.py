"""Writing back: what is called for is written down, then done."""

from etl.outbound.outbox import Outbox
from etl.outbound.plans import PLANS
from etl.run import Run


def work(run: Run) -> None:
    """Plan what the sync is for, and do what waits for nobody."""
    run.tell("planning")
    plan = PLANS[run.sync](run)
    outbox = Outbox(run)
    held = outbox.plan(plan.intents, most_new=plan.most_new)
    if held:
        run.note(
            f"{held} cards would be made or taken up at once, more than CASEBOARD_MAX_TO_CREATE "
            f"({plan.most_new}): they are held until an admin approves them."
        )
    outbox.perform(plan.acts)
