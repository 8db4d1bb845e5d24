"""Put the measured figures into README's table: python -m course_lib evaluate --json > data/figures.jsonl, then this."""

from pathlib import Path

from course_lib.figures import from_json, table

REPO = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"


def with_figures(readme: str, lines: str) -> str:
    """README's text with the table of these figures (JSON, one a line) between its marks."""
    head, _, rest = readme.partition(BEGIN)
    _, _, tail = rest.partition(END)
    figures = [from_json(line) for line in lines.splitlines() if line.strip()]
    return f"{head}{BEGIN}\n{table(figures)}\n{END}{tail}"


def main() -> None:
    """Rewrite README.md in place."""
    readme = REPO / "README.md"
    lines = (REPO / "data" / "figures.jsonl").read_text(encoding="utf-8")
    readme.write_text(with_figures(readme.read_text(encoding="utf-8"), lines), encoding="utf-8")


if __name__ == "__main__":
    main()
