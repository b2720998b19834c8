"""The decision after an assessment once more, in another form: letters, a text table and a reader of thirty lines.

It shares nothing with the pathway's own tables, so that a slip in one of the two shows as a difference.

Row 29 stands here twice: an antibody that was stopped for good in an earlier treatment, and is no part of the
present one (then rows 19 and 20 apply), takes the recommendation from maintenance, as the second layer demands.

So does row 16: before the response of month 6 was assessed, and after. And row 28: local control that a local
relapse owes is not passed over because nobody said whether it is feasible.

Letters of the options: Y stay, Z switch the antibody while staying, M maintenance, L local control, B bridge to
CAR-T cells, X change of line, H transplant, W follow-up, S supportive care, F refer, O obtain, E manage the
emergency. `!` asks for a reason, `*` is free of the second layer. A row without a recommendation is left to the
tumour board (TB).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TABLE = """
1  | T=EMERG                              | E  |
2  | I=COMFORT                            | S  | X! L F
3  | CNS=SUSP                             | O  | S F
4  | CNS=NEW                              | F  | L* X S
5  | R=PD; PDC=OPEN                       | O  | Y! L X F S Z!
6  | R=PD; K=POOR,UNK / LN=3+,UNK         | TB | S F X L
7  | R=PD; L=Y                            | TB | L X B F S
8  | R=PD; G=NEG                          | X  | F S
9  | R=PD; G=UNK                          | X  | F S
10 | R=PD; C=Y                            | TB | X B F S
11 | R=PD                                 | X  | F S
12 | R=NE; W=IN                           | O  | Y! F S Z!
13 | R=NE                                 | TB | Y X F S Z
14 | X=FUP                                | W  | L F S
15 | T=UNK / K=UNK                        | O  | F S
16 | X=CAR; R=CR,NED,PR; M6=DONE          | W  | Y L F S
16 | X=CAR; R=CR,NED,PR                   | Y  | L W F S
17 | X=CAR                                | TB | Y L X F S
18 | K=POOR                               | TB | Y L X W F S Z
19 | T=STOP; R=CR,NED                     | TB | Y M L W H F S Z!
20 | T=STOP                               | TB | Y X L B W F S Z!
21 | T=LIMITING; R=CR,NED,PR              | TB | Y M L B W H F S Z
22 | T=LIMITING                           | TB | Y X L B F S Z
23 | G=NEG                                | TB | Y M! X L W H F S Z!
24 | X=MNT; PH=EARLY,MID                  | Y  | L X F S
25 | X=MNT; R=CR,NED                      | W  | M! F S
26 | X=MNT                                | TB | M W L B X F S
27 | R=CR,NED; DUR=N; PH=EARLY,MID        | Y  | M L H F S Z
28 | R=CR,NED; OWED=Y; L=U                | O  | L M Y H F S Z
28 | R=CR,NED; L=Y                        | L  | M Y H F S Z
29 | R=CR,NED; STOPPED=Y                  | TB | M Y W H F S Z
29 | R=CR,NED                             | M  | Y W H F S Z
30 | R=PR; PH=EARLY                       | Y  | L B H F S Z
31 | R=PR; L=Y                            | L  | Y M B H F S Z
32 | R=PR; PH=MID                         | Y  | M B H F S Z
33 | R=PR                                 | TB | M B Y! X H F S Z!
34 | R=MR; PH=EARLY,MID                   | Y  | L B X F S Z
35 | R=SD; PH=EARLY                       | Y  | L B X F S Z
36 |                                      | TB | L B X M Y! F S Z!
"""

UNSETTLED = {"R", "PDC", "W", "PH", "DUR"}
"""What has no row for its unknown: each value it may turn out to have is followed."""

ALWAYS = {"hold", "resume", "stop_agent", "waive_local_control", "other", "close"}
LETTERS = {
    "continue_chemoimmunotherapy": "Y",
    "continue_maintenance": "Y",
    "continue_monitoring": "Y",
    "start_chemoimmunotherapy": "Y",
    "drop_antibody": "Y",
    "switch_antibody": "Z",
    "start_maintenance": "M",
    "local_control": "L",
    "bridge_to_car_t": "B",
    "change_line": "X",
    "consolidation_transplant": "H",
    "follow_up": "W",
    "supportive_care": "S",
    "refer": "F",
    "complete_workup": "O",
    "hold": "E",
}

NAMES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "context": (
        "X",
        {
            "none": "-",
            "systemic": "CIT",
            "local_control": "LOC",
            "maintenance": "MNT",
            "car_t": "CAR",
            "follow_up": "FUP",
        },
    ),
    "response": ("R", {}),
    "phase": ("PH", {"early": "EARLY", "mid": "MID", "limit": "LIMIT"}),
    "tolerance": (
        "T",
        {"fine": "FINE", "limiting": "LIMITING", "stop": "STOP", "emergency": "EMERG", "unknown": "UNK"},
    ),
    "local_disease": ("L", {"yes": "Y", "no": "N", "unknown": "U", "stale": "U"}),
    "gd2": (
        "G",
        {"positive": "POS", "partial": "PARTIAL", "negative": "NEG", "unknown": "UNK", "stale": "UNK"},
    ),
    "car_t_eligibility": ("C", {"yes": "Y", "no": "N", "unknown": "U"}),
    "cns": ("CNS", {"none": "NO", "controlled": "CTRL", "suspected": "SUSP", "new": "NEW"}),
    "intent": ("I", {"treatment": "TX", "comfort": "COMFORT"}),
    "fitness": ("K", {"fit": "OK", "poor": "POOR", "unknown": "UNK", "stale": "UNK"}),
    "progression_confirmed": ("PDC", {"confirmed": "CONF", "open": "OPEN"}),
    "consolidated": ("DUR", {"yes": "Y", "no": "N"}),
    "work_up": ("W", {"in": "IN", "over": "OVER"}),
    "cell_time_points": ("M6", {"left": "LEFT", "done": "DONE"}),
    "stopped_antibody": ("STOPPED", {"yes": "Y", "no": "N"}),
    "local_control_owed": ("OWED", {"yes": "Y", "no": "N"}),
    "line": ("LN", {"first_or_second": "1-2", "third_or_later": "3+", "unknown": "UNK"}),
}
"""The pathway's findings, by the name and the values which they have in the table above."""

DOMAINS = {
    "X": ("CIT", "LOC", "MNT", "CAR", "FUP"),
    "R": ("CR", "PR", "MR", "SD", "PD", "NE", "NED"),
    "PH": ("EARLY", "MID", "LIMIT"),
    "PDC": ("CONF", "OPEN"),
    "DUR": ("Y", "N"),
    "W": ("IN", "OVER"),
}


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    number: int
    when: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]
    """Conditions that all have to hold, each a choice of a name and the values which would do."""
    recommended: str
    possible: frozenset[str]
    with_reason: frozenset[str]
    spared: frozenset[str]


def _line(text: str) -> Line:
    number, when, recommended, possible = (part.strip() for part in text.split("|"))
    conditions = tuple(
        tuple(
            (name, tuple(values.split(",")))
            for name, values in (each.strip().split("=") for each in condition.split("/"))
        )
        for condition in when.split(";")
        if condition
    )
    letters = possible.split()
    return Line(
        int(number),
        conditions,
        recommended,
        frozenset(letter[0] for letter in letters),
        frozenset(letter[0] for letter in letters if "!" in letter),
        frozenset(letter[0] for letter in letters if "*" in letter),
    )


LINES = tuple(map(_line, TABLE.strip().splitlines()))


def lines_for(known: Mapping[str, str]) -> set[Line]:
    """The line that matches; several where something unsettled decides. A KeyError names what is not in `known`."""
    for line in LINES:
        hinge = None
        for condition in line.when:
            if not any(known[name] in values for name, values in condition):
                open_ones = [name for name, _ in condition if known[name] == "?"]
                if not open_ones:
                    break
                hinge = hinge or open_ones[0]
        else:
            if hinge is None:
                return {line}
            return set().union(*(lines_for({**known, hinge: value}) for value in DOMAINS[hinge]))
    raise AssertionError("The last row takes every case.")


def translated(finding: str, value: str) -> tuple[str, str]:
    """A finding's value as the table above calls it; `?` for an unknown that is unsettled."""
    name, values = NAMES[finding]
    if name in UNSETTLED and value == "unknown":
        return name, "?"
    return name, values.get(value, value)
