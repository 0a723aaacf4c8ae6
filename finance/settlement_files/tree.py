"""XML to a tree of local names; a document type is refused, so no entity is ever expanded."""

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from django.utils.translation import gettext as _

from finance.settlement_files.base import RefusedError, WrongFormatError

DEEPEST = 60


def parse_xml(content: bytes) -> tuple[Element, str]:
    """Return the root with namespaces taken off, and its namespace, or that of its document.

    A message may come in an envelope, whose namespace says nothing.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator=" ")
    depth, space, is_document = 0, "", False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, space, is_document
        head, _sep, local = name.rpartition(" ")
        if not depth or (local == "Document" and not is_document):
            space, is_document = head, local == "Document"
        depth += 1
        if depth > DEEPEST:
            raise RefusedError(_("The XML is nested too deep."))
        builder.start(local, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition(" ")[2])

    def refuse(*_args: object) -> None:
        raise RefusedError(_("The XML has a document type (DTD), which is not taken."))

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        wrong = RefusedError if depth or space else WrongFormatError
        raise wrong(_("The XML is cut or damaged: %s.") % error) from error
    return builder.close(), space


def text_at(element: Element | None, path: str) -> str:
    """Return the text at a path below an element, or nothing."""
    found = element.find(path) if element is not None else None
    return (found.text or "").strip() if found is not None else ""
