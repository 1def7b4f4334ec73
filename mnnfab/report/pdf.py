"""PDF version of the report, without the interactive elements."""

from __future__ import annotations

from typing import Any

from mnnfab.errors import InputError


def require_pdf() -> None:
    """Check that PDF files can be written.

    Raises:
        InputError: if WeasyPrint or one of its libraries is missing.
    """
    _weasyprint()


def pdf_bytes(page: str) -> bytes:
    """Return a page as PDF; external resources are not loaded.

    Args:
        page: text of `report.html`.

    Raises:
        InputError: if WeasyPrint or one of its libraries is missing.
    """
    weasyprint = _weasyprint()

    # Only resources embedded in the page: a report loads no others.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    document = weasyprint.HTML(string=page, url_fetcher=fetcher)
    data: bytes = document.write_pdf(pdf_identifier=b"mnnfab")
    return data


def _weasyprint() -> Any:  # noqa: ANN401 - no type information
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        allowed = (
            "pip install 'mnnfab[pdf]', and on Debian: "
            "apt-get install libpango-1.0-0 libpangoft2-1.0-0; or omit --pdf"
        )
        reason = str(error).splitlines()[0]
        raise InputError("--pdf", f"WeasyPrint cannot be imported: {reason}", allowed) from error
    return weasyprint
