"""The form for other web sites: plain HTML that its site styles, and that posts to /subscribe."""

from collections.abc import Sequence
from functools import partial

from newsletter.errors import InputError, near
from newsletter.i18n import LANGUAGES, translate
from newsletter.register import terms
from newsletter.web import forms, taking
from newsletter.web.site import environment
from newsletter.workspace import Workspace


def embeddable(workspace: Workspace, lists: Sequence[str], language: str) -> str:
    """Write the form for these lists, or for all public ones, in one language.

    Whoever sends it in sees on our page what they filled in, the consent and the privacy notice,
    and presses once more: so it needs no script and no key. Raises InputError.
    """
    settings = workspace.settings
    if not taking.is_open(settings):
        raise InputError(
            "the form is closed", hint="set open = true in [subscribe], and a list to public"
        )
    if language not in LANGUAGES:
        raise InputError(f"no words in {language!r}", hint=near(language, LANGUAGES))
    public = [item.id for item in settings.public_lists]
    offered = [settings.list_named(name).id for name in dict.fromkeys(lists)] or public
    if hidden := [name for name in offered if name not in public]:
        raise InputError(
            f"the list {hidden[0]!r} is not public", hint=f"public are: {', '.join(public)}"
        )
    controls = forms.details(settings, language, {})
    return (
        environment(workspace)
        .get_template("embed.html.j2")
        .render(
            _=partial(translate, language=language),
            url=settings.public_url,
            language=language,
            address=forms.address(language),
            lists=[forms.list_option(settings, language, name) for name in offered],
            controls=controls,
            consent=terms.consent_text(settings, offered, language),
        )
    )
