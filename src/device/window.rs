//! Windows: the rows, or columns of rows, that fit the binding limit.

use crate::device::tensor::{ALIGNMENT, Shape};
use crate::error::Error;
use crate::variant::Abilities;

/// Rows that one set of bindings serves, or some columns of one row, or of one slice of rows on a strided axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) first: u64,
    pub(crate) rows: u64,
    pub(crate) columns: Columns,
}

/// A range of the columns of all matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) first: u64,
    /// End of the range; none if it ends with the rows.
    pub(crate) end: Option<u64>,
}

impl Columns {
    pub(crate) const ALL: Self = Self {
        first: 0,
        end: None,
    };
}

impl Window {
    /// Window of all columns of some rows.
    pub(crate) const fn of_rows(first: u64, rows: u64) -> Self {
        Self {
            first,
            rows,
            columns: Columns::ALL,
        }
    }

    /// Index of the window's first row in the bound range of every per-row array.
    pub(crate) fn bound_row(self) -> u32 {
        u32::try_from(self.first % ALIGNMENT).unwrap_or(0)
    }

    /// Splits off the last row: all rows but the last one, and the last one.
    pub(crate) const fn without_last(self) -> (Self, Self) {
        let Self { first, rows, .. } = self;
        let last = first + rows - 1;
        (Self::of_rows(first, rows - 1), Self::of_rows(last, 1))
    }
}

/// Divides `rows` rows into as few windows as the binding limit allows, each of whole units of `unit` rows. A unit may
/// exceed the limit if it is served by some columns at a time, `kept` bytes being kept of each of its rows: then the kept
/// bytes of all rows that are served together do not exceed the limit.
pub(crate) fn windows(
    shapes: impl IntoIterator<Item = (&'static str, Shape)>,
    (rows, unit): (u64, u64),
    abilities: &Abilities,
    kept: Option<u64>,
) -> Result<Vec<Window>, Error> {
    let mut most = rows.max(unit);
    let limit = abilities.binding_bytes();
    let mut of_unit = kept.map_or(unit, |bytes| limit / bytes.max(1));
    let mut of_four = 4 * kept.unwrap_or(0);
    let one = if unit == 1 {
        "a row of "
    } else {
        "a slice of "
    };
    for (role, shape) in shapes {
        let refused = |what: &str, needed| Error::Limit {
            what: format!("{what}buffer `{role}`"),
            limit: "max_storage_buffer_binding_size",
            needed,
            available: limit,
        };
        match shape {
            Shape::Whole { bytes } if bytes > limit => return Err(refused("", bytes)),
            Shape::Whole { .. } => continue,
            _ if shape.bytes(rows) <= limit => continue,
            _ => {}
        }
        let fits = limit.saturating_sub(shape.slack()) / shape.bytes_per(unit).max(1);
        let within = shape.bytes_within(unit);
        let exceeds = within > limit || (fits == 0 && within + shape.slack() > limit);
        match (shape, kept) {
            (_, None) if within > limit => return Err(refused(one, within)),
            (_, None) if exceeds => return Err(refused(one, within + shape.slack())),
            (Shape::PerRow { bytes }, Some(_)) if exceeds => {
                of_unit = of_unit.min((limit / bytes).saturating_sub(ALIGNMENT));
                of_four = of_four.max((ALIGNMENT + 4) * bytes);
            }
            _ => {}
        }
        most = most.min(fits.max(1) * unit);
    }
    if of_unit < unit {
        // Accesses of four begin at multiples of four.
        let of_unit = of_unit - of_unit % 4;
        if of_unit == 0 {
            return Err(Error::Limit {
                what: "what is kept of four rows".into(),
                limit: "max_storage_buffer_binding_size",
                needed: of_four,
                available: limit,
            });
        }
        return Ok(rows_of_units((rows, unit), of_unit));
    }
    let window = |first| Window::of_rows(first, most.min(rows - first));
    Ok((0..rows.div_ceil(most))
        .map(|index| window(index * most))
        .collect())
}

/// Windows within one unit each, of at most `most` rows.
fn rows_of_units((rows, unit): (u64, u64), most: u64) -> Vec<Window> {
    let of_unit = |first: u64| {
        (0..unit.div_ceil(most)).map(move |index| {
            let within = index * most;
            Window::of_rows(first + within, most.min(unit - within))
        })
    };
    (0..rows.div_ceil(unit))
        .flat_map(|index| of_unit(index * unit))
        .collect()
}
