"""The benchmark's protocol on made-up judgements, and the engine's quality where data is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import match_quality as quality
from matching.engine import Weights

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def write(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    titles = ["锂电池回收", "锂电池隔膜", "石墨烯薄膜", "污水处理", "水稻育种", "激光焊接"]
    needs = write(tmp_path / "needs.jsonl", [{"id": "n1", "title": "废旧锂电池回收工艺"}])
    documents = write(
        tmp_path / "docs.jsonl",
        [{"id": f"d{place}", "title": title} for place, title in enumerate(titles)],
    )
    judged = tmp_path / "qrels.tsv"
    rows = ["n1\td0\t3", "n1\td0\t2", "n1\td1\t1", "n1\td2\t0.5", "n1\td3\t0", "n1\td4\t0"]
    judged.write_text("\n".join(["qid\tdocid\tgrade", *rows, "n9\td0\t3", ""]), "utf-8")
    arguments = ["--needs", needs, "--docs", documents, "--qrels", judged]
    return [str(argument) for argument in arguments]


def test_repeated_judgements_are_averaged_and_strangers_left_out(files: list[str]) -> None:
    needs, documents = (quality.read_records(Path(files[place])) for place in (1, 3))
    (pool,) = quality.read_pools(Path(files[5]), needs, documents)
    assert pool.grades.tolist() == [2.5, 1.0, 0.5, 0.0, 0.0]
    assert pool.counts


def test_ndcg_is_what_the_formula_says() -> None:
    pool = quality.Pool(need=0, documents=np.array([0, 1, 2]), grades=np.array([0.0, 2.0, 1.0]))
    (value,) = quality.ndcg(np.array([[3.0, 2.0, 1.0]]), [pool])
    assert value == pytest.approx((3 / np.log2(3) + 1 / 2) / (3 + 1 / np.log2(3)))


def test_recall_and_auc_count_grade_two_and_above() -> None:
    pool = quality.Pool(need=0, documents=np.array([0, 1, 2]), grades=np.array([0.0, 2.0, 3.0]))
    scores = np.array([[2.0, 3.0, 1.0, 9.0]])
    assert quality.recall(scores, [pool], depth=2) == 0.5
    assert quality.auc(scores, [pool]) == 0.5


def test_an_interval_holds_the_mean() -> None:
    low, high = quality.interval(np.array([0.1, 0.2, 0.3, 0.4]))
    assert 0.1 <= low < 0.25 < high <= 0.4


def test_the_script_prints_and_writes_a_run(
    files: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = tmp_path / "run.tsv"
    monkeypatch.setattr("sys.argv", ["match_quality", *files, "--run", str(run)])
    assert quality.main() == 0
    assert "BM25 characters + bigrams" in capsys.readouterr().out
    lines = [line.split("\t") for line in run.read_text("utf-8").splitlines()]
    assert lines[0][:2] == ["n1", "d0"]
    assert {line[1] for line in lines} == {f"d{place}" for place in range(6)}
    scores = [float(line[2]) for line in lines]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the evaluation data is not beside the project")
def test_the_engine_beats_characters_on_real_patents() -> None:
    needs = quality.read_records(DATA / "needs_zh.jsonl")
    documents = quality.read_records(DATA / "patents_zh.jsonl")
    every = quality.read_pools(DATA / "qrels_patents_zh.tsv", needs, documents)
    pools = [pool for pool in every if pool.counts]
    ours = quality.ndcg(quality.engine_scores(needs, documents, Weights()), pools).mean()
    plain = quality.Bm25(needs, documents, quality.tokens).scores(1.0, 1.2, 0.75)
    assert ours > quality.ndcg(plain, pools).mean() + 0.015
