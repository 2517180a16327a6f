//! Tile of an operation: fractions over the row length, a line a series and storage type, as SVG.

use super::series::Series;
use maud::{Markup, html};
use wgpu_softmax::bench::{Spread, Timing};

/// Extent of a tile, and the margins about its plot.
pub(super) const WIDTH: f64 = 360.0;
pub(super) const HEIGHT: f64 = 200.0;
const LEFT: f64 = 28.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 24.0;

/// Highest fraction that a plot reaches: what lies above is the noise of a cache.
const HIGHEST: f64 = 2.0;

/// Distance of labels.
const LINE: f64 = 13.0;

/// Most characters of a label in a tile: of longer ones the ends are shown, which differ in names of files.
const LABEL: usize = 16;

/// Number of colours in the style sheet.
const COLOURS: usize = 6;

/// Scales that all tiles of a page share.
#[derive(Debug)]
pub(super) struct Scales {
    columns: (f64, f64),
    top: f64,
    right: f64,
    ticks: Vec<f64>,
    /// True if lines are told apart by their storage types, too.
    dtypes: bool,
}

/// Line of a series and a storage type: its points in ascending order of the columns.
struct Line<'a> {
    label: String,
    colour: usize,
    dtype: &'a str,
    points: Vec<&'a Timing>,
}

impl Scales {
    pub(super) fn of(series: &[Series<'_>]) -> Self {
        let all = || series.iter().flat_map(|one| &one.adapter.results);
        let columns = || all().map(|timing| timing.cols as f64);
        let (least, most) = (
            columns().fold(f64::MAX, f64::min),
            columns().fold(1.0, f64::max),
        );
        let highest = all().map(|timing| timing.fraction_upper.max(timing.fraction));
        let top = highest.filter(|one| one.is_finite()).fold(1.0, f64::max);
        let dtypes = all().any(|timing| all().any(|other| other.dtype != timing.dtype));
        let longest = series
            .iter()
            .map(|one| label(&one.label, "bf16", dtypes).chars().count());
        let letters = match series {
            [_] if !dtypes => 5,
            [_] => 9,
            _ => longest.max().unwrap_or(0) + 5,
        };
        Self {
            columns: (least / 1.5, most * 1.5),
            top: top.min(HIGHEST) * 1.06,
            right: WIDTH - 12.0 - 6.3 * letters as f64,
            ticks: ticks(columns().collect()),
            dtypes,
        }
    }

    fn x(&self, columns: f64) -> f64 {
        let (least, most) = self.columns;
        LEFT + (self.right - LEFT) * (columns / least).ln() / (most / least).ln()
    }

    fn y(&self, fraction: f64) -> f64 {
        let share = fraction.clamp(0.0, self.top) / self.top;
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - share)
    }
}

/// Returns the columns that are written below a plot: what was timed if that is little, else decades.
fn ticks(mut columns: Vec<f64>) -> Vec<f64> {
    columns.sort_by(f64::total_cmp);
    columns.dedup();
    let (Some(&least), Some(&most)) = (columns.first(), columns.last()) else {
        return Vec::new();
    };
    if columns.len() <= 4 && columns.windows(2).all(|pair| pair[1] >= 3.0 * pair[0]) {
        return columns;
    }
    let decades = (0..12).map(|power| 10_f64.powi(power));
    let decades: Vec<f64> = decades.filter(|at| (least..=most).contains(at)).collect();
    match decades.len() {
        0 | 1 => vec![least, most],
        _ => decades,
    }
}

fn label(series: &str, dtype: &str, dtypes: bool) -> String {
    let excess = series.chars().count().saturating_sub(LABEL);
    let cut: String = match excess {
        0 => series.to_owned(),
        _ => ['…']
            .into_iter()
            .chain(series.chars().skip(excess + 1))
            .collect(),
    };
    if dtypes {
        format!("{cut} {dtype}")
    } else {
        cut
    }
}

fn lines<'a>(series: &'a [Series<'_>], op: &str, dtypes: bool) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for (colour, one) in series.iter().enumerate() {
        let results = one.adapter.results.iter().filter(|timing| timing.op == op);
        for timing in results.filter(|timing| timing.fraction.is_finite()) {
            let mut same = lines.iter_mut();
            match same.find(|line| (line.colour, line.dtype) == (colour, &*timing.dtype)) {
                Some(line) => line.points.push(timing),
                None => lines.push(Line {
                    label: match series {
                        [_] if !dtypes => String::new(),
                        [_] => timing.dtype.clone(),
                        _ => label(&one.label, &timing.dtype, dtypes),
                    },
                    colour,
                    dtype: &timing.dtype,
                    points: vec![timing],
                }),
            }
        }
    }
    for line in &mut lines {
        line.points.sort_by_key(|timing| timing.cols);
    }
    lines
}

/// Returns the plot of an operation.
pub(super) fn plot(series: &[Series<'_>], op: &str, scales: &Scales) -> Markup {
    let lines = lines(series, op, scales.dtypes);
    let labels = labels(&lines, scales);
    let (left, right, bottom) = (LEFT, scales.right, HEIGHT - BOTTOM);
    let steps = (0..=4).map(|half| f64::from(half) * 0.5);
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(format!("{op}: fraction over columns")) {
            @for step in steps.filter(|step| *step <= scales.top) {
                line.grid.one[step == 1.0] x1=(left) x2=(right) y1=(px(scales.y(step))) y2=(px(scales.y(step))) {}
                text.tick text-anchor="end" x=(left - 5.0) y=(px(scales.y(step) + 4.0)) { (step) }
            }
            @for columns in &scales.ticks {
                line.grid x1=(px(scales.x(*columns))) x2=(px(scales.x(*columns))) y1=(bottom) y2=(bottom + 4.0) {}
                text.tick text-anchor="middle" x=(px(scales.x(*columns))) y=(bottom + 16.0) { (thousands(*columns)) }
            }
            @for (line, label) in lines.iter().zip(labels) {
                g class=(format!("s{} {}", line.colour % COLOURS, line.dtype)) { (marks(line, scales)) (end(line, label, scales)) }
            }
            @if lines.is_empty() {
                text.tick text-anchor="middle" x=(0.5 * (left + right)) y=(0.5 * bottom) { "not timed" }
            }
        }
    }
}

/// Returns the line through the medians of contiguous rows, and a mark with whiskers for each result.
fn marks(line: &Line<'_>, scales: &Scales) -> Markup {
    let contiguous = line.points.iter().filter(|timing| timing.inner == 1);
    let contiguous: Vec<_> = contiguous.collect();
    let through = contiguous
        .chunk_by(|one, other| one.cols == other.cols)
        .map(|same| {
            let fractions: Vec<f64> = same.iter().map(|timing| timing.fraction).collect();
            let (x, y) = (
                scales.x(same[0].cols as f64),
                scales.y(Spread::of(&fractions).median),
            );
            format!("{},{}", px(x), px(y))
        });
    html! {
        polyline points=(through.collect::<Vec<_>>().join(" ")) {}
        @for timing in &line.points {
            @let x = px(scales.x(timing.cols as f64));
            @let y = scales.y(timing.fraction);
            @if timing.fraction_lower < timing.fraction_upper {
                line x1=(x) x2=(x) y1=(px(scales.y(timing.fraction_lower))) y2=(px(scales.y(timing.fraction_upper))) {}
            }
            @if timing.inner == 1 {
                circle cx=(x) cy=(px(y)) r="2.6" { (tip(timing)) }
            } @else {
                path d=(format!("M{x} {}l4 4l-4 4l-4 -4z", px(y - 4.0))) { (tip(timing)) }
            }
        }
    }
}

fn tip(timing: &Timing) -> Markup {
    html! { title { (timing.shape()) " " (timing.dtype) ": " (super::share(timing.fraction)) } }
}

/// Returns the label at the end of a line, with a thread to where the line ends.
fn end(line: &Line<'_>, y: f64, scales: &Scales) -> Markup {
    let last = last(line);
    let (x, from) = (scales.x(last.cols as f64), scales.y(last.fraction));
    let end = scales.right + 4.0;
    html! {
        polyline.thread points=(format!("{},{} {},{}", px(x + 4.0), px(from), px(end), px(y))) {}
        text x=(px(end + 3.0)) y=(px(y + 4.0)) { (line.label) " " (format!("{:.2}", last.fraction)) }
    }
}

/// Returns the result that stands at the end of a line: that of the longest contiguous rows, if there are any.
fn last<'a>(line: &Line<'a>) -> &'a Timing {
    let mut from_end = line.points.iter().rev();
    let contiguous = from_end.find(|timing| timing.inner == 1);
    contiguous.unwrap_or(&line.points[line.points.len() - 1])
}

/// Returns the heights of the labels: at the ends of their lines, or as near as others let them.
fn labels(lines: &[Line<'_>], scales: &Scales) -> Vec<f64> {
    let wanted: Vec<f64> = lines
        .iter()
        .map(|line| scales.y(last(line).fraction))
        .collect();
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|one, other| wanted[*one].total_cmp(&wanted[*other]));
    let mut placed = wanted.clone();
    let mut free = TOP;
    for &index in &order {
        placed[index] = wanted[index].max(free);
        free = placed[index] + LINE;
    }
    let mut free = HEIGHT - BOTTOM;
    for &index in order.iter().rev() {
        placed[index] = placed[index].min(free);
        free = placed[index] - LINE;
    }
    placed
}

/// Formats a coordinate.
fn px(at: f64) -> String {
    format!("{at:.1}")
}

/// Formats a number of columns in little space.
fn thousands(columns: f64) -> String {
    match columns {
        1e6.. => format!("{}M", columns / 1e6),
        1e3.. => format!("{}k", (columns / 100.0).round() / 10.0),
        _ => columns.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{thousands, ticks};

    #[test]
    fn ticks_are_decades_or_what_was_timed() {
        assert_eq!(
            ticks(vec![10.0, 21.0, 262_144.0]),
            [10.0, 100.0, 1e3, 1e4, 1e5]
        );
        assert_eq!(ticks(vec![1024.0]), [1024.0]);
        assert_eq!(ticks(vec![128.0, 1024.0]), [128.0, 1024.0]);
        assert_eq!(
            [10.0, 1024.0, 1e5, 2e6].map(thousands),
            ["10", "1k", "100k", "2M"]
        );
    }
}
