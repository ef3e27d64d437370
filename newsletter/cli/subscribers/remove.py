"""`newsletter subscribers remove`."""

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    say,
    show,
    show_json,
    whoami,
)
from newsletter.cli.subscribers.options import AddressArgument


def remove(
    address: AddressArgument,
    workspace: WorkspaceOption = None,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Take somebody off all lists, at once; the proof of it is kept.

    Example: newsletter subscribers remove aino@example.com
    """
    from newsletter import register
    from newsletter.cli.opening import opened_store
    from newsletter.register import whose

    with opened_store(workspace) as (_, store, now):
        with store.read() as connection:
            whose.known(connection, address)  # an unknown address is told before the question
        if not agreed(f"take {address} off all lists?", yes=yes):
            say("nothing was changed")
            return
        left = register.remove(store, address, by=whoami(), now=now)
    if as_json:
        show_json({"left": left})
    else:
        show(f"left {', '.join(left)}" if left else "was on no list")
