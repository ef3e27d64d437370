"""The provider: its settings and key, what it can do, and whether it reaches us."""

from collections.abc import Iterator, Mapping
from typing import Final

import httpx

from newsletter import hooks, providers
from newsletter.doctor import Diagnosis, abilities, error, good, note, warning
from newsletter.errors import InputError, ProviderError
from newsletter.hooks import signing
from newsletter.providers import Capabilities, guard
from newsletter.providers.lookup import Wait
from newsletter.providers.offers import Probe
from newsletter.workspace import Workspace

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
        if isinstance(provider, Probe):
            offline = note("key", "not checked: without the network, no key can be tried")
            yield _probed(provider, wait) if wait else offline
        elif provider.capabilities.sends:
            yield note("key", "not checked: only sending would show whether the key works")
    finally:
        provider.close()
    yield from needs(provider.capabilities, workspace)
    if provider.capabilities.sends:
        yield from events(name, provider.capabilities.title, environment)


def needs(can: Capabilities, workspace: Workspace) -> Iterator[Diagnosis]:
    """Compare what the provider can do with what the workspace needs."""
    if not can.sends:
        yield note("provider", "nothing leaves this machine", "choose one: newsletter providers")
        return
    yield _leaving(can, workspace.settings.provider)
    if can.without_headers:
        dropped = ", ".join(sorted(can.without_headers))
        yield note("headers", f"{can.title} does not carry {dropped}: mails go out without")
    if workspace.settings.images.hosting == "cid" and not can.inline_images:
        hint = "set hosting in [images] to another place"
        yield error("images", f"{can.title} takes no images inside the mail", hint)
    yield _lost(can)
    if can.tracking == "account":
        hint = "open and click tracking must be off in the account, or links lead through it"
        yield note("tracking", f"no call of ours can turn tracking off at {can.title}", hint)


def events(name: str, title: str, environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Say what the provider's webhooks tell, and whether a key proves them."""
    if not (vendor := hooks.of(name)):
        yield note("webhook", f"{title} has no webhooks: what becomes of mails is not told")
        return
    hook, variable = hooks.load(vendor), hooks.key_variable(vendor)
    given = environment.get(variable, "").split()
    if not given:
        hint = f"set {variable} where newsletter serve runs; without it, /hooks/{vendor} is closed"
        yield warning("webhook", f"no key proves the events of {title}", hint)
    elif wrong := next(filter(None, (signing.misfit(hook.proof, key) for key in given)), ""):
        hint = f"copy it anew from {title}; several keys stand with a space between them"
        yield error("webhook", f"a key in {variable} {wrong}", hint)
    elif hook.proof == "password":
        yield note("webhook", f"{title} signs nothing: a password in its webhook's address proves")
    if missing := sorted(hooks.EVENTS - hook.tells):
        yield note("webhook", f"{title} never tells of: {', '.join(missing)}")


def _leaving(can: Capabilities, name: str) -> Diagnosis:
    told = f"{can.title} {guard.UNSUBSCRIBE[can.own_unsubscribe]}"
    hint = f"see: newsletter providers {name}"
    if guard.clashes(can):
        hint = "choose another: newsletter providers"
        return error("one-click", f"{told}: no mailing goes out by it", hint)
    if can.own_unsubscribe != "yes":
        return warning("one-click", told, hint)
    return good("one-click", told)


def _lost(can: Capabilities) -> Diagnosis:
    """Say what becomes of a call whose answer is lost."""
    if can.idempotency:
        hours = can.idempotency.total_seconds() / 3600
        words = f"takes a lost call again {abilities.again(hours)}, and mails nobody twice"
        return good("lost calls", f"{can.title} {words}")
    if can.lookup:
        words = "knows no repeats; newsletter reconcile asks it what became of a lost call"
        return note("lost calls", f"{can.title} {words}", can.lookup)
    return note("lost calls", f"{can.title} cannot say what became of a lost call: you decide")


def reached(public_url: str, name: str) -> Diagnosis:
    """Ask our own web app from here whether it takes a provider's events."""
    if not public_url.startswith("https://"):
        hint = "set public_url to the https address at which newsletter serve can be reached"
        return note("webhook", "public_url is not https: no provider posts events to it", hint)
    vendor = hooks.of(name)
    url = f"{public_url}/hooks/{vendor}"
    try:
        status = httpx.get(url, timeout=_PATIENCE, follow_redirects=False).status_code
    except httpx.HTTPError as fault:
        why = type(fault).__name__
        hint = "start it: newsletter serve, behind your web server; or check public_url"
        return warning("webhook", f"{url} does not answer ({why})", hint)
    if status == httpx.codes.NOT_FOUND:
        hint = f"set {hooks.key_variable(vendor)} where newsletter serve runs; or check public_url"
        return warning("webhook", f"{url} answers {status}", hint)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return warning("webhook", f"{url} answers {status}", "check public_url and the web server")
    return good("webhook", f"{url} answers ({status})")


def _probed(provider: Probe, wait: Wait) -> Diagnosis:
    try:
        return good("key", provider.probe(wait))
    except ProviderError as fault:
        return error("key", fault.message, fault.hint)
