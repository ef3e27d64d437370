"""`newsletter subscribers show`."""

from newsletter.cli.output import JSONOption, WorkspaceOption, plain, show, show_json, whoami
from newsletter.cli.subscribers.options import AddressArgument


def show_person(
    address: AddressArgument, workspace: WorkspaceOption = None, as_json: JSONOption = False
) -> None:
    """Show everything that is known of one person; that you did is noted in the audit log.

    Works for a suppressed address that has no subscriber any more.

    Example: newsletter subscribers show aino@example.com
    """
    from zoneinfo import ZoneInfo

    from newsletter import register
    from newsletter.cli.opening import opened_store
    from newsletter.cli.subscribers.record_text import lines

    with opened_store(workspace) as (opened, store, now):
        record = register.show(store, address, keys=opened.keys(), by=whoami(), now=now)
    if as_json:
        show_json(plain(record))
        return
    for line in lines(record, now, ZoneInfo(opened.settings.time_zone)):
        show(line)
