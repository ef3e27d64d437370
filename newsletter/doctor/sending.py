"""The provider: its settings and key, what it can do, and whether it reaches us."""

from collections.abc import Iterator, Mapping
from typing import Final

import httpx

from newsletter import providers
from newsletter.doctor import Diagnosis, error, good, note, warning
from newsletter.errors import InputError, ProviderError
from newsletter.providers import Capabilities
from newsletter.providers.lookup import Wait
from newsletter.providers.offers import Probe
from newsletter.workspace import Workspace

_UNSUBSCRIBE: Final = {
    "plan": "keeps our List-Unsubscribe only on some of its plans",
    "approval": "keeps our List-Unsubscribe only after its support has allowed it",
    "overwritten": "writes its own List-Unsubscribe over ours: who leaves there, leaves only there",
    "no": "does not take our own List-Unsubscribe",
}
_PATIENCE: Final = 10.0


def examine(
    workspace: Workspace, environment: Mapping[str, str], wait: Wait | None
) -> Iterator[Diagnosis]:
    """Look at the workspace's provider; `wait` is None where the network is left alone."""
    name = workspace.settings.provider
    try:
        provider = providers.load(
            name,
            workspace.settings.providers.get(name, {}),
            environment=environment,
            outbox=str(workspace.outbox),
        )
    except InputError as fault:
        yield error("provider", fault.message, fault.hint)
        return
    try:
        yield good("provider", f"{provider.capabilities.title}: its settings can be read")
        if isinstance(provider, Probe) and wait:
            yield _probed(provider, wait)
        elif provider.capabilities.sends:
            yield note("key", "the key was not tried: only sending would show whether it works")
    finally:
        provider.close()
    yield from needs(provider.capabilities, workspace)


def needs(can: Capabilities, workspace: Workspace) -> Iterator[Diagnosis]:
    """Compare what the provider can do with what the workspace needs."""
    if not can.sends:
        yield note("provider", "nothing leaves this machine", "choose one: newsletter providers")
        return
    if clash := _UNSUBSCRIBE.get(can.own_unsubscribe):
        say = error if can.own_unsubscribe in ("overwritten", "no") else warning
        hint = f"see: newsletter providers {workspace.settings.provider}"
        yield say("one-click", f"{can.title} {clash}", hint)
    else:
        yield good("one-click", f"{can.title} keeps our own List-Unsubscribe")
    if workspace.settings.images.hosting == "cid" and not can.inline_images:
        hint = "set hosting in [images] to another place"
        yield error("images", f"{can.title} takes no images inside the mail", hint)
    if can.idempotency is None and not can.lookup:
        yield note("lost calls", f"{can.title} cannot say what became of a lost call: you decide")


def reached(public_url: str, name: str) -> Diagnosis:
    """Ask our own web app from here whether it takes a provider's events."""
    if not public_url.startswith("https://"):
        return note("webhook", "public_url is not https: no provider will post events to it")
    url = f"{public_url}/hooks/{name}"
    try:
        status = httpx.get(url, timeout=_PATIENCE, follow_redirects=False).status_code
    except httpx.HTTPError as fault:
        why = type(fault).__name__
        hint = "start it: newsletter serve, behind your web server; or check public_url"
        return warning("webhook", f"{url} does not answer ({why})", hint)
    if status == httpx.codes.NOT_FOUND or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return warning("webhook", f"{url} answers {status}", "check public_url and the web server")
    return good("webhook", f"{url} answers ({status})")


def _probed(provider: Probe, wait: Wait) -> Diagnosis:
    try:
        return good("key", provider.probe(wait))
    except ProviderError as fault:
        return error("key", fault.message, fault.hint)
