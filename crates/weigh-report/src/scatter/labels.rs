//! Where labels stand: beside their mark, or a little away with a thin leader to it.
//!
//! Greedy: marks in crowds choose first, then the others; each takes the nearest free place, a
//! little farther if that spares a line. Those that found none choose first in another round, and at
//! last take a place from labels that find another. A label that never finds one is left out, and
//! the caller says so.
//!
//! - **Invariant:** no label covers a mark, an interval or another label, and no leader crosses one.
//! - **Invariant:** the same marks give the same places: ties are settled by order.

use std::f64::consts::PI;

use super::plane::{Rect, Stretch};

/// A mark that wants a label.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Where the mark is.
    pub(super) at: (f64, f64),
    /// Half its side.
    pub(super) half: f64,
    /// Width of the label.
    pub(super) width: f64,
    /// Its height.
    pub(super) height: f64,
    /// Does it choose before all others?
    pub(super) is_first: bool,
}

/// Where a label stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    /// The room it takes.
    pub(super) rect: Rect,
    /// From the mark to it, where it is not beside it.
    pub(super) leader: Option<Stretch>,
}

/// Half the side of a common mark.
pub(super) const MARK: f64 = 6.5;
/// Air around a label.
const AIR: f64 = 1.5;
/// How far from the middle of a common mark its label may begin.
const RADII: [f64; 11] = [
    8.0, 13.0, 20.0, 29.0, 40.0, 53.0, 68.0, 85.0, 104.0, 125.0, 150.0,
];
/// From this distance on a leader shows what a label belongs to.
const LEADER_FROM: f64 = 14.0;
/// In sixteenths of a turn: right, left, above, below, then between.
const TURNS: [f64; 24] = [
    0.0, 8.0, 4.0, 12.0, 1.0, 15.0, 2.0, 14.0, 7.0, 9.0, 6.0, 10.0, 3.0, 13.0, 5.0, 11.0, 0.5,
    15.5, 7.5, 8.5, 3.5, 4.5, 11.5, 12.5,
];
/// How much farther a label goes so as to cover no line.
const DETOUR: f64 = 30.0;
/// How often, at most, those without a place choose first.
const ROUNDS: usize = 12;
/// How often every label may move to a nearer place.
const TIDIED: usize = 2;
/// How much of a mark a leader may graze.
const GRAZE: f64 = 2.5;
/// Marks nearer than this are a crowd.
const CROWD: f64 = 70.0;

/// What stands there already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// What no label and no leader may touch.
    pub(super) taken: &'a [Rect],
    /// What a label had better not cover: it goes a little farther to avoid it.
    pub(super) spared: &'a [Stretch],
    /// No label leaves it.
    pub(super) frame: Rect,
}

/// Places labels inside a frame. Those that found no place choose first in another round, and each
/// round is tidied; the one that places most, and nearest, is taken.
pub(super) fn place(wanted: &[Wanted], around: &Around<'_>) -> Vec<Option<Placed>> {
    let choices: Vec<Vec<Choice>> = wanted.iter().map(|one| choices(one, around)).collect();
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_cached_key(|i| {
        let one = wanted.get(*i);
        let is_first = one.is_some_and(|w| w.is_first);
        (!is_first, std::cmp::Reverse(crowd(wanted, *i)), *i)
    });
    let mut best = round(&choices, &order);
    let mut last = best.clone();
    for _ in 0..ROUNDS {
        if last.iter().all(Option::is_some) {
            break;
        }
        order.sort_by_key(|i| {
            let is_first = wanted.get(*i).is_some_and(|w| w.is_first);
            let is_placed = last.get(*i).is_some_and(Option::is_some);
            (!is_first, is_placed)
        });
        last = round(&choices, &order);
        if price(&last) < price(&best) {
            best.clone_from(&last);
        }
    }
    make_room(&choices, &mut best);
    let places = best.into_iter();
    places.map(|p| p.map(|choice| choice.place)).collect()
}

/// Labels that may give way to one without a place.
const GIVING_WAY: usize = 2;

/// A label without a place takes one where others stand that find another.
fn make_room(choices: &[Vec<Choice>], places: &mut Vec<Option<Choice>>) {
    let left_out: Vec<usize> = (0..places.len())
        .filter(|i| places.get(*i).is_some_and(Option::is_none))
        .collect();
    for index in left_out {
        let own = choices.get(index).into_iter().flatten();
        let found = own
            .copied()
            .find_map(|c| moved(choices, places, (index, c)));
        if let Some(found) = found {
            *places = found;
        }
    }
}

/// The places once a label has taken one and those in its way have moved; none if they cannot.
fn moved(
    choices: &[Vec<Choice>],
    places: &[Option<Choice>],
    (index, taken): (usize, Choice),
) -> Option<Vec<Option<Choice>>> {
    let mut places = places.to_vec();
    let mut in_the_way = Vec::new();
    for (other, place) in places.iter().enumerate() {
        if place.is_some_and(|p| !is_free(&taken.place, &[p.place])) {
            in_the_way.push(other);
        }
    }
    if in_the_way.len() > GIVING_WAY {
        return None;
    }
    for other in &in_the_way {
        *places.get_mut(*other)? = None;
    }
    *places.get_mut(index)? = Some(taken);
    for other in in_the_way {
        let labels: Vec<Placed> = places.iter().flatten().map(|c| c.place).collect();
        let mut own = choices.get(other)?.iter().copied();
        let found = own.find(|c| is_free(&c.place, &labels))?;
        *places.get_mut(other)? = Some(found);
    }
    Some(places)
}

/// A place and what it costs: how far it is, and whether it covers a line.
#[derive(Clone, Copy, Debug)]
struct Choice {
    cost: f64,
    place: Placed,
}

/// The places that nothing but other labels can take, the cheapest first.
fn choices(wanted: &Wanted, around: &Around<'_>) -> Vec<Choice> {
    let mut choices = Vec::new();
    for radius in RADII {
        for (rank, turn) in TURNS.iter().enumerate() {
            let place = candidate(wanted, radius, *turn);
            if !has_room(&place, around) {
                continue;
            }
            let covers = around.spared.iter().any(|s| s.crosses(&place.rect));
            let detour = if covers { DETOUR } else { 0.0 };
            let cost = radius + rank as f64 / 100.0 + detour;
            choices.push(Choice { cost, place });
        }
    }
    choices.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    choices
}

/// How many are left out, and what the others cost, in thousandths so that it has an order.
fn price(places: &[Option<Choice>]) -> (usize, u64) {
    let left_out = places.iter().filter(|p| p.is_none()).count();
    let cost: f64 = places.iter().flatten().map(|choice| choice.cost).sum();
    (left_out, (cost * 1_000.0) as u64)
}

fn round(choices: &[Vec<Choice>], order: &[usize]) -> Vec<Option<Choice>> {
    let mut placed: Vec<Option<Choice>> = vec![None; choices.len()];
    for _ in 0..=TIDIED {
        for index in order {
            // Whoever chose before others may find a nearer place now, or one at last.
            let before = placed.get_mut(*index).and_then(Option::take);
            let labels: Vec<Placed> = placed.iter().flatten().map(|c| c.place).collect();
            let own = choices.get(*index).into_iter().flatten();
            let found = own.copied().find(|c| is_free(&c.place, &labels));
            if let Some(place) = placed.get_mut(*index) {
                *place = found.or(before);
            }
        }
    }
    placed
}

/// How many marks are near one.
fn crowd(wanted: &[Wanted], index: usize) -> usize {
    let Some(one) = wanted.get(index) else {
        return 0;
    };
    let near = |other: &&Wanted| (other.at.0 - one.at.0).hypot(other.at.1 - one.at.1) < CROWD;
    wanted.iter().filter(near).count()
}

/// A label at a distance from its mark, in a direction.
fn candidate(wanted: &Wanted, radius: f64, turn: f64) -> Placed {
    let angle = turn * PI / 8.0;
    let (dx, dy) = (angle.cos(), -angle.sin());
    let half = (wanted.width / 2.0, wanted.height / 2.0);
    // From the middle of a rectangle to its side, in that direction.
    let reach = |half: f64, along: f64| {
        if along.abs() < 1e-6 {
            f64::INFINITY
        } else {
            half / along.abs()
        }
    };
    let reach = reach(half.0, dx).min(reach(half.1, dy));
    let radius = radius + wanted.half - MARK;
    let far = radius + reach;
    let middle = (wanted.at.0 + dx * far, wanted.at.1 + dy * far);
    let rect = Rect {
        left: middle.0 - half.0,
        top: middle.1 - half.1,
        right: middle.0 + half.0,
        bottom: middle.1 + half.1,
    };
    let point = |at: f64| (wanted.at.0 + dx * at, wanted.at.1 + dy * at);
    let leader = (radius >= LEADER_FROM + wanted.half - MARK).then(|| Stretch {
        from: point(wanted.half),
        to: point(radius - 1.0),
    });
    Placed { rect, leader }
}

/// Does it keep clear of all that stands there before any label?
fn has_room(place: &Placed, around: &Around<'_>) -> bool {
    let rect = place.rect.grown(AIR);
    let is_led = |leader: Stretch| {
        // Marks of a crowd overlap: a leader may graze its neighbors.
        let marks = around.taken.iter().map(|t| t.grown(-GRAZE));
        !marks.into_iter().any(|t| leader.crosses(&t))
    };
    around.frame.holds(&rect)
        && !around.taken.iter().any(|t| t.touches(&rect))
        && place.leader.is_none_or(is_led)
}

/// Does it keep clear of other labels and their leaders?
fn is_free(place: &Placed, labels: &[Placed]) -> bool {
    let rect = place.rect.grown(AIR);
    let clear = |label: &Placed| {
        let theirs = label.leader;
        let is_led = |leader: Stretch| {
            !leader.crosses(&label.rect) && !theirs.is_some_and(|t| t.meets(&leader))
        };
        !label.rect.touches(&rect)
            && !theirs.is_some_and(|t| t.crosses(&rect))
            && place.leader.is_none_or(is_led)
    };
    labels.iter().all(clear)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect {
        left: 0.0,
        top: 0.0,
        right: 400.0,
        bottom: 400.0,
    };

    fn wanted(at: (f64, f64)) -> Wanted {
        Wanted {
            at,
            half: MARK,
            width: 60.0,
            height: 12.0,
            is_first: false,
        }
    }

    fn around(taken: &[Rect], frame: Rect) -> Around<'_> {
        Around {
            taken,
            spared: &[],
            frame,
        }
    }

    fn placed(points: &[(f64, f64)]) -> Vec<Option<Placed>> {
        let all: Vec<Wanted> = points.iter().map(|p| wanted(*p)).collect();
        let marks: Vec<Rect> = points.iter().map(|p| Rect::around(*p, MARK)).collect();
        place(&all, &around(&marks, FRAME))
    }

    #[test]
    fn a_mark_alone_has_its_label_to_the_right() {
        let places = placed(&[(200.0, 200.0)]);
        let place = places[0].expect("there is room");
        assert!(place.rect.left > 200.0 && place.leader.is_none());
    }

    #[test]
    fn labels_of_a_crowd_do_not_touch_each_other_or_a_mark() {
        let points: Vec<(f64, f64)> = (0..12)
            .map(|i| {
                (
                    180.0 + 9.0 * f64::from(i % 4),
                    190.0 + 9.0 * f64::from(i / 4),
                )
            })
            .collect();
        let places: Vec<Placed> = placed(&points).into_iter().flatten().collect();
        assert!(places.len() >= 8, "{}", places.len());
        for (index, one) in places.iter().enumerate() {
            for point in &points {
                assert!(!one.rect.touches(&Rect::around(*point, MARK)));
            }
            for other in places.iter().skip(index + 1) {
                assert!(!one.rect.touches(&other.rect));
                let crosses = |l: Option<Stretch>, r: &Rect| l.is_some_and(|l| l.crosses(r));
                assert!(!crosses(one.leader, &other.rect) && !crosses(other.leader, &one.rect));
            }
        }
    }

    #[test]
    fn a_label_without_room_is_left_out() {
        let full = Rect::around((200.0, 200.0), 250.0);
        let places = place(&[wanted((200.0, 200.0))], &around(&[full], FRAME));
        assert_eq!(places, [None]);
    }

    #[test]
    fn a_label_makes_room_for_one_that_has_no_other_place() {
        let free = |left: f64| Placed {
            rect: Rect::around((left, 20.0), 10.0),
            leader: None,
        };
        let choice = |left: f64| Choice {
            cost: left,
            place: free(left),
        };
        // The first stands where alone the second can, and has another place.
        let choices = [vec![choice(20.0), choice(80.0)], vec![choice(25.0)]];
        let mut places = vec![Some(choice(20.0)), None];
        make_room(&choices, &mut places);
        let found: Vec<Option<Placed>> = places.iter().map(|p| p.map(|c| c.place)).collect();
        assert_eq!(found, [Some(free(80.0)), Some(free(25.0))]);
        // Nobody moves who has no other place.
        let stuck = [vec![choice(20.0)], vec![choice(25.0)]];
        let mut places = vec![Some(choice(20.0)), None];
        make_room(&stuck, &mut places);
        assert!(places[0].is_some() && places[1].is_none());
    }

    #[test]
    fn a_label_that_must_be_there_chooses_first() {
        let mut all = [wanted((60.0, 20.0)), wanted((68.0, 20.0))];
        let narrow = Rect {
            left: 0.0,
            top: 10.0,
            right: 150.0,
            bottom: 30.0,
        };
        all[1].is_first = true;
        let marks = all.map(|w| Rect::around(w.at, MARK));
        let places = place(&all, &around(&marks, narrow));
        let first = places[1].expect("it chose first");
        assert!(first.rect.left > 68.0);
    }

    #[test]
    fn a_label_spares_a_line_if_there_is_room_elsewhere() {
        let mark = [wanted((200.0, 200.0))];
        let line = [Stretch {
            from: (230.0, 0.0),
            to: (230.0, 400.0),
        }];
        let taken = [Rect::around((200.0, 200.0), MARK)];
        let around = Around {
            taken: &taken,
            spared: &line,
            frame: FRAME,
        };
        let place = place(&mark, &around)[0].expect("there is room");
        assert!(!line[0].crosses(&place.rect) && place.rect.right < 230.0);
    }
}
