/// What the rows of logits are compared with. Slices, arrays and vectors convert into it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Targets<'a> {
    /// One class id a row.
    Ids(&'a [i64]),
    /// One probability for each logit: `rows x cols`. A row need not sum to 1.
    Probs(&'a [f32]),
}

macro_rules! targets_from {
    ($variant:ident, $value:ty) => {
        impl<'a> From<&'a [$value]> for Targets<'a> {
            fn from(values: &'a [$value]) -> Self {
                Self::$variant(values)
            }
        }

        impl<'a, const LEN: usize> From<&'a [$value; LEN]> for Targets<'a> {
            fn from(values: &'a [$value; LEN]) -> Self {
                Self::$variant(values)
            }
        }

        impl<'a> From<&'a Vec<$value>> for Targets<'a> {
            fn from(values: &'a Vec<$value>) -> Self {
                Self::$variant(values)
            }
        }
    };
}

targets_from!(Ids, i64);
targets_from!(Probs, f32);

/// What the target of one row asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    Ignored,
    Bad,
    Class(usize),
    Probs(&'a [f32]),
}

impl Target<'_> {
    /// Whether the row counts.
    pub(crate) fn is_valid(self) -> bool {
        matches!(self, Self::Class(_) | Self::Probs(_))
    }

    /// Whether the row's class id is out of range, and not ignored.
    pub(crate) fn is_bad(self) -> bool {
        matches!(self, Self::Bad)
    }
}

impl<'a> Targets<'a> {
    /// The target of every row.
    pub(super) fn rows(
        self,
        rows: usize,
        cols: usize,
        ignore_index: Option<i64>,
    ) -> impl Iterator<Item = Target<'a>> {
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

/// The ignored id is tested before the range.
fn of_id(id: i64, cols: usize, ignore_index: Option<i64>) -> Target<'static> {
    if ignore_index == Some(id) {
        return Target::Ignored;
    }
    match usize::try_from(id) {
        Ok(class) if class < cols => Target::Class(class),
        _ => Target::Bad,
    }
}
