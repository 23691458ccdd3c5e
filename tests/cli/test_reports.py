"""The report as it is read: at a terminal, in a pipe, by a program."""

import os
import pty
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import BIN, ROOT, QtValidate

BAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: trading}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      serviceAccountName: api
      containers:
      - name: api
        image: registry.example.com/quant-trading/a-name-that-is-rather-long/api-service:latest
        resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}
        livenessProbe: {httpGet: {path: /live, port: 8000}}
        ports: [{containerPort: 8000}]
        securityContext:
          runAsNonRoot: true
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities: {drop: [ALL]}
          seccompProfile: {type: RuntimeDefault}
"""


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "api.yaml"
    file.write_text(BAD)
    return file


def at_terminal(*arguments: str | Path, columns: int, env: dict[str, str] | None = None) -> str:
    """What `qt-validate` writes to a terminal of a width."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [BIN / "qt-validate", *arguments],
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", **(env or {})},
    )
    os.close(slave)
    written = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux reports the end of a pseudo-terminal so
            break
        if not part:
            break
        written += part
    process.wait()
    os.close(master)
    return written.decode().replace("\r\n", "\n")


def test_failures_come_first_with_their_line_then_checklist_and_summary(
    qt_validate: QtValidate, bad: Path
) -> None:
    out = qt_validate(bad.name, cwd=bad.parent).out
    positions = [
        out.index("Deployment/api  api.yaml"),
        out.index("error   probes.readiness-missing"),
        out.index("error   images.moving-tag"),
        out.index("Production checklist"),
        out.index(" 1  All secrets stored in external secrets manager"),
        out.index("✘  9  Health probes configured"),
        out.index("10  RBAC configured for service accounts"),
        out.index("items passed"),
    ]
    assert positions == sorted(positions)
    assert "api.yaml:12" in out
    assert "fix: " in out
    assert out.splitlines()[-1].startswith("✘ 1 of 10 items passed (1 failed, 8 n/a); 2 errors")


def test_a_pipe_gets_no_colour_and_no_line_beyond_80_columns(qt_validate: QtValidate) -> None:
    run = qt_validate("-v", "overlays/prod")
    assert "\x1b" not in run.out
    for line in run.out.splitlines():
        assert len(line) <= 80 or len(line.split()) <= 2, line


def test_a_terminal_gets_colour_unless_told_otherwise(bad: Path) -> None:
    env = {"NO_COLOR": ""}
    assert "\x1b[" in at_terminal(bad, columns=100, env=env)
    for off in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b[" not in at_terminal(bad, columns=100, env={**env, **off})


def test_a_narrow_terminal_wraps_between_words(bad: Path) -> None:
    narrow = at_terminal(bad, columns=60, env={"NO_COLOR": "1"})
    for line in narrow.splitlines():
        assert len(line) <= 60 or len(line.split()) == 1 or str(bad) in line or "a-name-that" in line, line
    wide = at_terminal(bad, columns=100, env={"NO_COLOR": "1"})
    words_of = [
        [word for line in out.splitlines() if "│" not in line for word in line.split()]
        for out in (wide, narrow)
    ]
    assert words_of[0] == words_of[1]


def test_ascii_where_the_terminal_knows_no_more(qt_validate: QtValidate, bad: Path) -> None:
    run = qt_validate(bad, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert run.out.isascii()
    assert " XX  9  Health probes" in run.out


def test_control_characters_of_a_manifest_do_not_reach_the_terminal(
    qt_validate: QtValidate, bad: Path
) -> None:
    bad.write_text(BAD.replace("name: api, namespace", 'name: "a\\e[2Jpi", namespace'))
    run = qt_validate(bad)
    assert "\x1b" not in run.out
    assert "a\\x1b[2Jpi" in run.out


IMAGE = "a-name-that-is-rather-long/api-service:latest"


def framed(out: str) -> list[tuple[str, str]]:
    """The lines of sources that a report shows, each with what is marked in it."""
    lines, found = out.splitlines(), []
    for line, below in pairwise(lines):
        number, bar, text = line.partition("│ ")
        if bar and number.strip().isdigit():
            assert below.startswith(" " * len(number) + "│ ")
            marks = below.partition("│ ")[2]
            assert set(marks.strip()) == {"^"}
            found.append((text, text[len(marks) - len(marks.lstrip()) : len(marks)]))
    return found


def test_a_finding_shows_its_line_and_marks_the_place(qt_validate: QtValidate, bad: Path) -> None:
    out = qt_validate(bad).out
    assert ("- name: api", "n") in framed(out)
    ((text, marked),) = (each for each in framed(out) if "registry" in each[1])
    assert marked == f"registry.example.com/quant-trading/{IMAGE}"[: len(marked)]
    assert text.startswith("…")
    assert framed(qt_validate("-q", bad).out) == []


def test_long_and_odd_lines_are_cut_around_the_place(qt_validate: QtValidate, bad: Path) -> None:
    comment = f"        # {'x' * 100}\n"
    one_line = (
        '{name: api, env: [{name: Ä, value: "日本\\t"}], image: "qt/日本:latest", command: ['
        + "a, " * 60
        + "]}"
    )
    bad.write_text(BAD[: BAD.index("- name: api")] + "- " + one_line + "\n" + comment)
    wide = qt_validate("--select", "images.moving-tag", bad).out
    ((text, _),) = framed(wide)
    assert text.startswith("…")
    assert text.endswith("…")
    assert '"qt/日本:latest"' in text
    # Two columns for each of the two letters.
    marks = next(line for line in wide.splitlines() if line.endswith("^"))
    assert marks.count("^") == len('"qt/日本:latest"') + 2
    ascii_only = qt_validate(bad, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}).out
    assert ascii_only.isascii()
    assert '"qt/??:latest"' in ascii_only


def test_what_an_overlay_overrode_is_shown(qt_validate: QtValidate, tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(BAD.replace(":latest", ":1.0"))
    (tmp_path / "kustomization.yaml").write_text(
        "resources: [api.yaml]\nimages:\n"
        f"- {{name: registry.example.com/quant-trading/{IMAGE.removesuffix(':latest')}, newTag: latest}}\n"
        "patches:\n- target: {kind: Deployment}\n  patch: |\n"
        "    - op: replace\n      path: /spec/template/spec/containers/0/livenessProbe/httpGet/port\n"
        "      value: 8001\n"
    )
    run = qt_validate("--select", "images,probes", ".", cwd=tmp_path)
    lines = [line.strip() for line in run.out.splitlines()]
    assert {"latest", "8001"} <= {marked for _, marked in framed(run.out)}
    assert any(line.startswith("overrides api.yaml:12 (registry.example.com/") for line in lines)
    assert "overrides api.yaml:14 (8000)" in lines
    json_run = qt_validate("--format", "json", "--select", "images.moving-tag", ".", cwd=tmp_path)
    (finding,) = (f for f in json_run.target["findings"] if f["rule"] == "images.moving-tag")
    assert [(each["file"], each["line"]) for each in finding["overrides"]] == [("api.yaml", 12)]


def test_no_line_with_a_secret_is_shown(qt_validate: QtValidate, tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    secret = "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {a: not-base64!, b: hunter2}}"
    env = BAD.replace("livenessProbe:", "env: [{name: DB_PASSWORD, value: hunter3}]\n        livenessProbe:")
    file.write_text(f"{env}---\n{secret}\n")
    out = qt_validate("-v", file).out
    assert "secrets.plaintext" in out
    assert "Secret/s" in out
    assert "hunter2" not in out
    assert "hunter3" not in out


def test_quiet_prints_only_what_is_wrong(qt_validate: QtValidate, bad: Path) -> None:
    out = qt_validate("-q", bad).out
    assert "images.moving-tag" in out
    assert "Production checklist" not in out
    assert "fix:" not in out
    assert qt_validate("-q", "--select", "api", bad).out == ""


def test_verbose_shows_info_findings_and_the_rules_statuses(qt_validate: QtValidate, bad: Path) -> None:
    assert "info    images.missing-digest" not in qt_validate(bad).out
    bad.write_text(BAD.replace(":latest", ":1.0"))
    out = qt_validate("-v", bad).out
    assert "info    images.missing-digest" in out
    assert "spec.template.spec.containers[0].image" in out
    assert "nothing of the kind to look at" in out


@pytest.mark.parametrize(
    ("fail_on", "text", "code"),
    [
        ("error", BAD, 1),
        ("never", BAD, 0),
        ("error", BAD.replace(":latest", ":1.0"), 1),  # still without a readiness probe
        ("error", "", 0),
        ("warning", "", 1),
        ("info", "", 1),
    ],
)
def test_exit_code_by_threshold(
    qt_validate: QtValidate, tmp_path: Path, fail_on: str, text: str, code: int
) -> None:
    file = tmp_path / "x.yaml"
    declared, undeclared = (f"{{httpGet: {{path: /health, port: {port}}}}}" for port in (8000, 9000))
    probes = f"livenessProbe: {undeclared}\n        readinessProbe: {declared}"
    liveness = next(line.strip() for line in BAD.splitlines() if "livenessProbe" in line)
    warned = BAD.replace(":latest", ":1.0").replace(liveness, probes)
    file.write_text(text or warned)
    assert qt_validate("--fail-on", fail_on, file).code == code


def test_select_and_ignore(qt_validate: QtValidate, bad: Path) -> None:
    chosen = qt_validate("--format", "json", "--select", "probes,images.moving-tag", bad)
    assert chosen.rules_of("error") == {"probes.readiness-missing", "images.moving-tag"}
    rest = qt_validate("--format", "json", "--ignore", "probes", bad)
    assert rest.rules_of("error") == {"images.moving-tag"}
    items = {item["item"]: item for item in rest.target["checklist"]}
    assert items[9]["status"] == "not-judged"
    assert "switched off: probes." in items[9]["evidence"][0]["text"]


def test_an_output_file_holds_the_report(qt_validate: QtValidate, bad: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    run = qt_validate("--format", "json", "--output", file, bad)
    assert run.code == 1
    assert run.out == ""
    assert file.read_text() == qt_validate("--format", "json", bad).out


def test_a_reader_that_leaves_early_is_no_error(bad: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -v "$1" | head -1; exit ${PIPESTATUS-0}', BIN / "qt-validate", bad],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == str(bad)


def test_fingerprints_stay_while_lines_move(qt_validate: QtValidate, bad: Path) -> None:
    before = qt_validate("--format", "json", bad).target["findings"]
    bad.write_text("# one\n# more line\n" + BAD)
    after = qt_validate("--format", "json", bad).target["findings"]
    assert [f["fingerprint"] for f in before] == [f["fingerprint"] for f in after]
    assert [f["source"]["line"] + 2 for f in before] == [f["source"]["line"] for f in after]
    assert len({f["fingerprint"] for f in before}) == len(before)


def test_commands_beside_the_check(qt_validate: QtValidate, tmp_path: Path) -> None:
    listed = qt_validate("rules", "probe").out
    assert "probes.liveness-missing" in listed
    assert "images.moving-tag" not in listed
    explained = qt_validate("explain", "images.moving-tag").out
    assert "Fix: " in explained
    assert "Bad:" in explained
    unknown = qt_validate("explain", "images.moving-tg")
    assert unknown.code == 2
    assert "did you mean `images.moving-tag`?" in unknown.err
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "api.yaml").write_text(BAD)
    assert "Production checklist" in qt_validate("rules", cwd=tmp_path).out


def test_a_slow_build_is_announced_on_a_terminal_and_the_line_goes_away(tmp_path: Path) -> None:
    program = tmp_path / "kustomize"
    program.write_text(f"#!/bin/sh\n[ $1 = version ] && exit\nsleep 1.3\nexec '{BIN / 'kustomize'}' \"$@\"\n")
    program.chmod(0o755)
    out = at_terminal("--renderer", program, "overlays/dev", columns=100)
    assert "building deploy/k8s/overlays/dev … 1 s\r\x1b[K" in out
    assert "Production checklist" in out


def test_version(qt_validate: QtValidate) -> None:
    assert qt_validate("--version").out.startswith("qt-validate 0.")
