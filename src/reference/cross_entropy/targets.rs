/// Targets of rows of logits. Slices, arrays and vectors convert into it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Targets<'a, X = f32> {
    /// One class id a row.
    Ids(&'a [i64]),
    /// One probability for each logit, stored alike: `rows x cols`. A row need not sum to 1.
    Probs(&'a [X]),
}

macro_rules! targets_from {
    ([$($stored:ident)?] $variant:ident, $value:ty, $of:ty) => {
        impl<'a $(, $stored)?> From<&'a [$value]> for Targets<'a, $of> {
            fn from(values: &'a [$value]) -> Self {
                Self::$variant(values)
            }
        }

        impl<'a $(, $stored)?, const LEN: usize> From<&'a [$value; LEN]> for Targets<'a, $of> {
            fn from(values: &'a [$value; LEN]) -> Self {
                Self::$variant(values)
            }
        }

        impl<'a $(, $stored)?> From<&'a Vec<$value>> for Targets<'a, $of> {
            fn from(values: &'a Vec<$value>) -> Self {
                Self::$variant(values)
            }
        }
    };
}

targets_from!([X] Ids, i64, X);
targets_from!([] Probs, f32, f32);
targets_from!([] Probs, f64, f64);

/// Target of one row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a, X = f32> {
    Ignored,
    Bad,
    Class(usize),
    Probs(&'a [X]),
}

impl<X> Target<'_, X> {
    /// True if the row counts.
    pub(crate) fn is_valid(&self) -> bool {
        matches!(self, Self::Class(_) | Self::Probs(_))
    }

    /// True if the row's class id is out of range, and not ignored.
    pub(crate) fn is_bad(&self) -> bool {
        matches!(self, Self::Bad)
    }
}

impl<'a, X> Targets<'a, X> {
    /// Returns the target of every row.
    pub(super) fn rows(
        self,
        rows: usize,
        cols: usize,
        ignore_index: Option<i64>,
    ) -> impl Iterator<Item = Target<'a, X>> {
        match self {
            Self::Ids(ids) => assert_eq!(ids.len(), rows, "one target a row"),
            Self::Probs(probs) => {
                assert_eq!(probs.len(), rows * cols, "one probability a logit");
                assert_eq!(ignore_index, None, "probabilities with an ignored class id");
            }
        }
        (0..rows).map(move |row| match self {
            Self::Ids(ids) => of_id(ids[row], cols, ignore_index),
            Self::Probs(probs) => Target::Probs(&probs[row * cols..][..cols]),
        })
    }
}

/// Classifies an id. The ignored id is tested before the range.
fn of_id<'a, X>(id: i64, cols: usize, ignore_index: Option<i64>) -> Target<'a, X> {
    if ignore_index == Some(id) {
        return Target::Ignored;
    }
    match usize::try_from(id) {
        Ok(class) if class < cols => Target::Class(class),
        _ => Target::Bad,
    }
}
