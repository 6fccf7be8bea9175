//! How many digits each number needs, so that no engine ever has to round or overflow.
//!
//! A quantity has a column of exact decimals: so many digits before the point, so many behind it.
//! They are chosen from the lines the book draws on it, of whatever day, so that a table made for
//! one day serves for all; then made narrower until every comparison of several facts fits into the
//! digits an engine has. A comparison that does not fit at its narrowest is refused.

use std::collections::BTreeMap;

use weigh_facts::{Decimal, FactType, Unit};

use crate::Rulebook;
use crate::ir::{Num, Operand, Test};

/// Digits before and behind the point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Width {
    pub(super) whole: u32,
    pub(super) places: u32,
}

impl Width {
    /// Of one number.
    pub(super) fn of(value: &Decimal) -> Self {
        let plain = value.to_plain();
        let (whole, places) = plain.split_once('.').unwrap_or((&plain, ""));
        let digits = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self {
            whole: digits(whole.trim_start_matches('-').trim_start_matches('0')),
            places: digits(places),
        }
    }

    pub(super) fn total(self) -> u32 {
        self.whole.saturating_add(self.places)
    }

    /// Room for either.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            whole: self.whole.max(other.whole),
            places: self.places.max(other.places),
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let room = self.with(other);
        Self {
            whole: room.whole.saturating_add(1),
            ..room
        }
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self {
            whole: self.whole.saturating_add(other.whole),
            places: self.places.saturating_add(other.places),
        }
    }

    /// The type of a column or an expression.
    pub(super) fn sql(self) -> String {
        format!("DECIMAL({}, {})", self.total().max(1), self.places)
    }
}

/// The widths of all quantities of a book, and the comparisons that cannot be said.
pub(super) struct Widths {
    slots: Vec<Option<Slot>>,
    refused: BTreeMap<usize, String>,
}

/// A quantity, and how narrow it may become.
#[derive(Clone, Copy)]
struct Slot {
    width: Width,
    narrowest: Width,
    /// Decimals that are kept as long as something else can give.
    kept_places: u32,
}

/// Decimals worth having where there is room: no unit of ours is finer.
const PLACES_MAX: u32 = 18;
/// Decimals that are given up last.
const PLACES_KEPT: u32 = 6;

impl Widths {
    pub(super) fn new(book: &Rulebook, digits_max: u32) -> Self {
        let mut widths = Self {
            slots: vec![None; book.slots.len()],
            refused: BTreeMap::new(),
        };
        let mut lines: Vec<Width> = vec![Width::default(); book.slots.len()];
        for (index, atom) in book.atoms.iter().enumerate() {
            if reads_records(&atom.test) {
                let reason = "a row of a table has no columns for records";
                widths.refuse(index, atom.text.as_ref(), reason);
            }
            let Test::Line {
                of: Operand::Fact(slot),
                line,
                ..
            } = &atom.test
            else {
                continue;
            };
            match (lines.get_mut(*slot), widths.num(book, line)) {
                (Some(widest), Some(line)) if widest.with(line).total() < digits_max => {
                    *widest = widest.with(line);
                }
                (_, line) => {
                    let digits = line.map_or(0, Width::total);
                    let reason = format!(
                        "its lines have up to {digits} digits, too many beside one another"
                    );
                    widths.refuse(index, &atom.text, &reason);
                }
            }
        }
        for (index, (slot, line)) in book.slots.iter().zip(lines).enumerate() {
            if let (FactType::Quantity { unit, .. }, Some(place)) =
                (&slot.kind, widths.slots.get_mut(index))
            {
                *place = Some(Slot::new(*unit, line, digits_max));
            }
        }
        for (index, atom) in book.atoms.iter().enumerate() {
            if let Test::Compare { left, right, .. } = &atom.test
                && !widths.refused.contains_key(&index)
            {
                let before = widths.slots.clone();
                if let Err(digits) = widths.narrow(book, (left, right), &atom.slots, digits_max) {
                    widths.slots = before;
                    let reason =
                        format!("it computes with {digits} digits, more than {digits_max}");
                    widths.refuse(index, &atom.text, &reason);
                }
            }
        }
        widths
    }

    /// Why a comparison cannot be said, if it cannot.
    pub(super) fn refusal(&self, atom: usize) -> Option<&str> {
        self.refused.get(&atom).map(String::as_str)
    }

    /// The width of a quantity's column.
    pub(super) fn slot(&self, slot: usize) -> Width {
        let slot = self.slots.get(slot).copied().flatten();
        slot.map_or_else(Width::default, |s| s.width)
    }

    fn refuse(&mut self, atom: usize, text: &str, reason: &str) {
        self.refused.insert(atom, format!("`{text}`: {reason}"));
    }

    /// The width of a computed quantity; none where records are summed.
    pub(super) fn num(&self, book: &Rulebook, num: &Num) -> Option<Width> {
        self.widest(book, num).map(|(width, _)| width)
    }

    /// The width of a computed quantity, and the most digits on the way to it.
    fn widest(&self, book: &Rulebook, num: &Num) -> Option<(Width, u32)> {
        let pair = |a: &Num, b: &Num| Some((self.widest(book, a)?, self.widest(book, b)?));
        let (width, before) = match num {
            Num::Const(value) => (Width::of(value), 0),
            Num::Param(index) => {
                let entries = book
                    .params
                    .get(*index)
                    .into_iter()
                    .flat_map(|p| p.values.entries());
                let widths = entries.map(|e| Width::of(&e.value.value));
                (widths.fold(Width::default(), Width::with), 0)
            }
            Num::Value(Operand::Fact(slot)) => (self.slot(*slot), 0),
            Num::Add(a, b) | Num::Sub(a, b) => {
                let ((a, before_a), (b, before_b)) = pair(a, b)?;
                (a.plus(b), before_a.max(before_b))
            }
            Num::Mul(a, b) => {
                let ((a, before_a), (b, before_b)) = pair(a, b)?;
                (a.times(b), before_a.max(before_b))
            }
            Num::Greatest(parts) | Num::Least(parts) => {
                let parts: Option<Vec<_>> = parts.iter().map(|p| self.widest(book, p)).collect();
                let join = |(a, before): (Width, u32), (b, more)| (a.with(b), before.max(more));
                parts?.into_iter().reduce(join)?
            }
            Num::Value(Operand::Field(_)) | Num::Sum { .. } | Num::Count { .. } => return None,
        };
        Some((width, before.max(width.total())))
    }

    /// Takes digits from the quantities of a comparison until it fits: decimals first, then digits
    /// before the point, then the last decimals; or says how many digits it needs.
    fn narrow(
        &mut self,
        book: &Rulebook,
        (left, right): (&Num, &Num),
        slots: &[usize],
        digits_max: u32,
    ) -> Result<(), u32> {
        loop {
            let sides = (self.widest(book, left), self.widest(book, right));
            let (Some((one, before)), Some((other, more))) = sides else {
                return Ok(());
            };
            let digits = one.with(other).total().max(before).max(more);
            if digits <= digits_max {
                return Ok(());
            }
            let stages: [fn(&Slot) -> u32; 3] = [
                |s| s.width.places.saturating_sub(s.kept_places),
                |s| s.width.whole.saturating_sub(s.narrowest.whole),
                |s| s.width.places.saturating_sub(s.narrowest.places),
            ];
            let spare = |slot: &usize, stage: fn(&Slot) -> u32| {
                self.slots
                    .get(*slot)
                    .copied()
                    .flatten()
                    .map_or(0, |s| stage(&s))
            };
            let widest = stages.into_iter().enumerate().find_map(|(number, stage)| {
                let slot = slots.iter().max_by_key(|s| spare(s, stage))?;
                (spare(slot, stage) > 0).then_some((number, *slot))
            });
            let Some((number, slot)) = widest else {
                return Err(digits);
            };
            if let Some(Some(slot)) = self.slots.get_mut(slot) {
                match number {
                    1 => slot.width.whole -= 1,
                    _ => slot.width.places -= 1,
                }
            }
        }
    }
}

impl Slot {
    /// Room for every line and well beyond the highest, for the largest counts there are, and for
    /// as many decimals as are left.
    fn new(unit: Unit, lines: Width, digits_max: u32) -> Self {
        // No model was trained with 10^29 operations; of bytes, devices or dollars there are fewer.
        let (common, least) = match counts_operations(unit) {
            true => (31, 29),
            false => (20, 12),
        };
        let above_lines = lines.whole + 1;
        let room = digits_max.saturating_sub(lines.places);
        let whole = above_lines.max(common).min(room);
        let places = digits_max.saturating_sub(whole).min(PLACES_MAX);
        Self {
            width: Width {
                whole,
                places: places.max(lines.places),
            },
            narrowest: Width {
                whole: above_lines.max(least).min(whole),
                places: lines.places,
            },
            kept_places: lines.places.max(PLACES_KEPT),
        }
    }
}

fn counts_operations(unit: Unit) -> bool {
    unit.to_string().starts_with("FLOP")
}

fn reads_records(test: &Test) -> bool {
    match test {
        Test::Exists { .. } | Test::Every { .. } => true,
        Test::Line { line, .. } => sums(line),
        Test::Compare { left, right, .. } => sums(left) || sums(right),
        Test::Flag(_) | Test::Word { .. } | Test::Day { .. } | Test::Contains { .. } => false,
    }
}

fn sums(num: &Num) -> bool {
    match num {
        Num::Sum { .. } | Num::Count { .. } => true,
        Num::Add(a, b) | Num::Sub(a, b) | Num::Mul(a, b) => sums(a) || sums(b),
        Num::Greatest(parts) | Num::Least(parts) => parts.iter().any(sums),
        Num::Const(_) | Num::Param(_) | Num::Value(_) => false,
    }
}
