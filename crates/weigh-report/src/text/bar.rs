//! The log-scale bar in characters.
//!
//! ```text
//!                 1e22             1e23             1e24             1e25
//!                 ┬────────────────┬────────────────┬────────────────┬
//! all stages                    ├──●──┤             │
//!                                                   a
//! ```

use crate::scale::{Row, Scale};

use super::sheet::WIDTH;

/// Where the axis begins: the names of the rows stand before it.
const GUTTER: usize = 18;

/// The columns of the axis; the rest is for the last label.
const COLUMNS: usize = WIDTH - GUTTER - 4;

/// The rows of the picture.
pub(crate) fn draw(scale: &Scale) -> Vec<String> {
    let ticks = scale.ticks(COLUMNS / 6);
    let mut labels = String::new();
    let mut axis = vec!['─'; COLUMNS];
    for (power, at) in &ticks {
        let column = column(*at);
        put(&mut axis, column, '┬');
        labels = padded(labels, column);
        labels.push_str(&format!("1e{power}"));
    }
    let mut picture = vec![
        format!("{}{labels}", " ".repeat(GUTTER)),
        format!("{}{}", " ".repeat(GUTTER), axis.iter().collect::<String>()),
    ];
    let lines: Vec<usize> = scale.marks.iter().map(|m| column(m.at)).collect();
    picture.extend(scale.rows.iter().map(|row| draw_row(row, &lines)));
    picture.extend(letters(scale));
    picture
}

fn column(at: f64) -> usize {
    let last = COLUMNS - 1;
    ((at * last as f64).round() as usize).min(last)
}

fn put(cells: &mut [char], column: usize, c: char) {
    if let Some(cell) = cells.get_mut(column) {
        *cell = c;
    }
}

fn padded(text: String, columns: usize) -> String {
    let missing = columns.saturating_sub(text.chars().count());
    text + &" ".repeat(missing)
}

fn draw_row(row: &Row, lines: &[usize]) -> String {
    let mut cells = vec![' '; COLUMNS];
    let has_bounds = row.low.is_some() || row.high.is_some();
    let from = row.low.map_or(0, column);
    let to = row.high.map_or(COLUMNS - 1, column);
    if has_bounds {
        for at in from..=to {
            put(&mut cells, at, '─');
        }
    }
    for line in lines {
        let crossed = cells.get(*line) == Some(&'─');
        put(&mut cells, *line, if crossed { '┼' } else { '│' });
    }
    if has_bounds {
        put(&mut cells, from, if row.low.is_some() { '├' } else { '◄' });
        put(&mut cells, to, if row.high.is_some() { '┤' } else { '►' });
    }
    if let Some(best) = row.best {
        put(&mut cells, column(best), '●');
    } else if has_bounds && from == to {
        put(&mut cells, from, '●');
    }
    let name: String = row.label.chars().take(GUTTER - 3).collect();
    let name = padded(format!("  {name}"), GUTTER);
    format!("{name}{}", cells.into_iter().collect::<String>())
}

/// The letters under the lines, in as many rows as it takes for them not to touch.
fn letters(scale: &Scale) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for mark in &scale.marks {
        let column = GUTTER + column(mark.at);
        let fits = |row: &String| {
            let end = row.chars().count();
            end == 0 || end < column
        };
        let index = match rows.iter().position(fits) {
            Some(index) => index,
            None => {
                rows.push(String::new());
                rows.len() - 1
            }
        };
        if let Some(row) = rows.get_mut(index) {
            *row = padded(std::mem::take(row), column) + &mark.letter;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use crate::scale::Mark;

    use super::*;

    fn mark(letter: &str, at: f64) -> Mark {
        Mark {
            letter: letter.to_owned(),
            at,
            value: String::new(),
            lines: Vec::new(),
        }
    }

    fn row(low: Option<f64>, best: Option<f64>, high: Option<f64>) -> Row {
        Row {
            label: "all stages".to_owned(),
            words: String::new(),
            low,
            best,
            high,
        }
    }

    fn picture(rows: Vec<Row>, marks: Vec<Mark>) -> String {
        let scale = Scale {
            from: 22,
            to: 27,
            rows,
            marks,
        };
        let lines = draw(&scale);
        let trimmed: Vec<&str> = lines.iter().map(|l| l.trim_end()).collect();
        trimmed.join("\n")
    }

    #[test]
    fn bounds_best_value_and_lines_stand_on_one_axis() {
        let rows = vec![
            row(Some(0.3), Some(0.38), Some(0.45)),
            row(Some(0.38), Some(0.38), Some(0.38)),
            row(Some(0.2), None, None),
            row(None, Some(0.5), None),
        ];
        let marks = vec![mark("a", 0.4), mark("b", 0.6), mark("c", 0.8)];
        insta::assert_snapshot!(picture(rows, marks), @"
                          1e22           1e23            1e24           1e25            1e26           1e27
                          ┬──────────────┬───────────────┬──────────────┬───────────────┬──────────────┬
          all stages                             ├─────●─┼───┤          │               │
          all stages                                   ● │              │               │
          all stages                     ├───────────────┼──────────────┼───────────────┼──────────────►
          all stages                                     │       ●      │               │
                                                         a              b               c
        ");
    }

    #[test]
    fn letters_that_would_touch_stand_below_each_other() {
        let marks = vec![mark("a", 0.5), mark("b", 0.501), mark("c", 0.502)];
        insta::assert_snapshot!(picture(vec![row(None, Some(0.1), None)], marks), @"
                          1e22           1e23            1e24           1e25            1e26           1e27
                          ┬──────────────┬───────────────┬──────────────┬───────────────┬──────────────┬
          all stages              ●                              │
                                                                 a
                                                                 b
                                                                 c
        ");
    }
}
