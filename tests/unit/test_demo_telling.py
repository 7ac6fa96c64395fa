"""The story, for people and for programs."""

import io
import json

from tdh.demo.telling import JsonTeller, Language, Teller


def ticking():
    times = iter(range(100))
    return lambda: float(next(times))


def tell(teller):
    teller.begin_step(1, "ฝากส่ง", "posting")
    teller.tell("รับฝากแล้ว", "taken in", facts=("ltr_1",), evidence={"e/dlv_1": ["01-A.xml"]})
    teller.show("curl -s http://127.0.0.1/")


def test_a_program_gets_a_json_object_a_line_with_both_languages():
    out = io.StringIO()
    tell(JsonTeller(out=out, monotonic=ticking()))
    step, told, shown = map(json.loads, out.getvalue().splitlines())
    assert step == {"kind": "step", "step": 1, "th": "ฝากส่ง", "en": "posting"}
    assert (told["kind"], told["milliseconds"], told["facts"]) == ("told", 1000, ["ltr_1"])
    assert told["evidence"] == {"e/dlv_1": ["01-A.xml"]}
    assert shown["lines"] == ["curl -s http://127.0.0.1/"]


def test_a_person_gets_the_chosen_language_and_how_long_it_took():
    out = io.StringIO()
    tell(Teller(language=Language.ENGLISH, out=out, monotonic=ticking()))
    assert "Step 1  posting" in out.getvalue()
    assert "1,000 ms" in out.getvalue()
    assert "รับฝากแล้ว" not in out.getvalue()
