"""The report as PDF, for the archive: the same page, without what moves."""

from __future__ import annotations

from typing import Any

from mnnfab.errors import InputError


def require_pdf() -> None:
    """Make sure that a PDF can be made.

    Raises:
        InputError: if WeasyPrint or the libraries that it loads are missing.
    """
    _weasyprint()


def pdf_bytes(page: str) -> bytes:
    """Return a page as PDF; it loads nothing from outside.

    Args:
        page: `report.html`.

    Raises:
        InputError: as `require_pdf`.
    """
    weasyprint = _weasyprint()

    # Only what is in the page itself: a report loads nothing.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    document = weasyprint.HTML(string=page, url_fetcher=fetcher)
    data: bytes = document.write_pdf(pdf_identifier=b"mnnfab")
    return data


def _weasyprint() -> Any:  # noqa: ANN401 - it ships no types
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        allowed = (
            "pip install 'mnnfab[pdf]', and on Debian: "
            "apt-get install libpango-1.0-0 libpangoft2-1.0-0; or no --pdf"
        )
        words = str(error).splitlines()[0]
        raise InputError("--pdf", f"WeasyPrint does not load: {words}", allowed) from error
    return weasyprint
