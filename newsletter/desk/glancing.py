"""One mail of an issue, as fast as it can be had: for whoever looks while they write.

`prepare` reads, renders and checks everything that would be sent. A glance reads the file of one
language and renders what one reader gets of it; nothing is sent by it.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter import hosting, render
from newsletter.desk.faults import unrendered
from newsletter.desk.naming import Files, find
from newsletter.desk.personas import Persona
from newsletter.desk.prepare import image_folders, read_documents, template_folders
from newsletter.errors import FindingsError, InputError
from newsletter.issue.condition import Condition, outcomes
from newsletter.issue.document import Document
from newsletter.issue.template import Slot, Template
from newsletter.render.drafting import Draft
from newsletter.settings.register import PREFERENCES, UNSUBSCRIBE
from newsletter.workspace import Workspace

Choose = Callable[[Sequence[Condition], str], Persona]
"""Chooses a reader by the conditions of an issue and its language."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What one reader gets."""

    languages: tuple[str, ...]
    """Those that the issue has, of the files' names."""
    language: str
    """The one of them that was looked at."""
    arms: tuple[str, ...]
    """Of the subjects that are tried; only an empty one where there is one subject."""
    document: Document
    reader: Persona
    variant: str
    html: str
    """The personal links lead nowhere."""
    media: Mapping[str, bytes]
    """The images, by their names."""
    hosted: Mapping[str, str]
    """The address that the mail has for an image, by its name."""
    _draft: Draft

    @property
    def subject(self) -> str:
        """The subject."""
        return self._draft.subject.fill(self.reader.fields)

    @property
    def preheader(self) -> str:
        """What inboxes show beside it."""
        return self._draft.preheader.fill(self.reader.fields)

    def text(self) -> str:
        """Write the plain text; raises InputError for a template that is at fault."""
        return fill(self._draft.text, self.reader)

    def mjml(self) -> str:
        """Write the MJML, personal fields as open places."""
        return self._draft.mjml.write(lambda slot: f"{{{{ {slot.field} }}}}")


def glance(
    workspace: Workspace, wanted: str, language: str, choose: Choose, *, arm: str = ""
) -> Glance:
    """Look at one mail of an issue; where it has no such language, at the first that it has.

    Raises InputError when there is no such issue, FindingsError when it cannot be read or rendered.
    """
    files = find(wanted, workspace.issues)
    named = _named(files, workspace, language)
    one = replace(files, siblings={named: files.siblings[named]})
    document = next(iter(read_documents(workspace, one).values()))
    conditions = document.issue.conditions
    reader = choose(conditions, document.issue.language)
    host = hosting.load(workspace, environment=os.environ)
    gallery = render.Gallery(image_folders(workspace, files), host.url, cache=workspace.exports)
    variant = outcomes(conditions, reader.fields)
    try:
        draft = Draft(
            document.issue.of_arm(arm),
            name=files.name,
            settings=workspace.settings,
            folders=list(template_folders(workspace)),
            gallery=gallery,
            variant=variant,
        )
        html = draft.html
    except InputError as error:
        raise FindingsError(unrendered(document, gallery, workspace.settings, error)) from error
    return Glance(
        languages=tuple(name or workspace.settings.language for name in files.siblings),
        language=named or workspace.settings.language,
        arms=tuple(document.issue.subjects),
        document=document,
        reader=reader,
        variant=variant,
        html=fill(html, reader),
        media=dict(gallery.files),
        hosted={name: host.url(name) for name in gallery.files},
        _draft=draft,
    )


def fill(template: Template, reader: Persona) -> str:
    """Write a template for a reader; a link of their own is written as one that leads nowhere."""
    return template.write(lambda slot: _value(slot, reader))


def _value(slot: Slot, reader: Persona) -> str:
    own = f"#{slot.field}" if slot.field in {UNSUBSCRIBE, PREFERENCES} else ""
    return own or slot.value(reader.fields)


def _named(files: Files, workspace: Workspace, language: str) -> str:
    for name in (language, workspace.settings.language, ""):
        if name in files.siblings:
            return name
    return next(iter(files.siblings))
