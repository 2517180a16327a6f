//! Text of a `.npy` header: the literal of a Python dictionary, as much of that grammar as plain arrays need.
//!
//! Headers are written by Python 2 and 3, by hand or by machine: integers may end in `L`, texts may begin with `u`, and
//! white space, line ends and comments may stand between any two tokens.

use Token::{Mark, Number, Text, Word};

/// Content of a header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Literal {
    /// None where the elements are records.
    pub(super) descr: Option<String>,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<u64>,
}

impl Literal {
    /// Reads a dictionary with exactly these three keys; of one that comes twice, the last counts, as in Python.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        let tokens = tokens(text)?;
        let [Mark('{'), entries @ .., Mark('}')] = &tokens[..] else {
            return None;
        };
        let mut rest = entries;
        while let [Text(key), Mark(':'), value @ ..] = rest {
            let behind = match (*key, value) {
                ("descr", [Text(text), behind @ ..]) => {
                    descr = Some(Some((*text).to_owned()));
                    behind
                }
                ("descr", [Mark('['), list @ ..]) => {
                    descr = Some(None);
                    behind_list(list)?
                }
                ("fortran_order", [Word(truth @ ("True" | "False")), behind @ ..]) => {
                    fortran_order = Some(*truth == "True");
                    behind
                }
                ("shape", [Mark('('), tuple @ ..]) => {
                    let end = tuple.iter().position(|token| *token == Mark(')'))?;
                    shape = Some(numbers(&tuple[..end])?);
                    &tuple[end + 1..]
                }
                _ => return None,
            };
            rest = match behind {
                [] => behind,
                [Mark(','), more @ ..] => more,
                _ => return None,
            };
        }
        rest.is_empty().then_some(())?;
        Some(Self {
            descr: descr?,
            fortran_order: fortran_order?,
            shape: shape?,
        })
    }
}

/// Returns the numbers of a tuple, with a comma behind each of them, except for the last of several, where it may be left out.
fn numbers(tuple: &[Token<'_>]) -> Option<Vec<u64>> {
    let is_tuple = tuple.len() != 1;
    let numbers = tuple.chunks(2).map(|pair| match pair {
        [Number(number)] | [Number(number), Mark(',')] => Some(*number),
        _ => None,
    });
    numbers.collect::<Option<_>>().filter(|_| is_tuple)
}

/// Returns what follows a list of anything, of which these are the tokens behind its bracket.
fn behind_list<'l, 't>(tokens: &'l [Token<'t>]) -> Option<&'l [Token<'t>]> {
    let mut open = 1;
    let end = tokens.iter().position(|token| {
        match token {
            Mark('[') => open += 1,
            Mark(']') => open -= 1,
            _ => {}
        }
        open == 0
    })?;
    Some(&tokens[end + 1..])
}

#[derive(PartialEq)]
enum Token<'t> {
    Mark(char),
    /// Text without escapes.
    Text(&'t str),
    /// Decimal number.
    Number(u64),
    Word(&'t str),
}

/// Splits a text into its tokens, if all of them are valid.
fn tokens(mut rest: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start_matches(|char: char| char.is_ascii_whitespace());
        if let [b'u' | b'U', b'\'' | b'"', ..] = rest.as_bytes() {
            rest = &rest[1..];
        }
        let Some(first) = rest.chars().next() else {
            return Some(tokens);
        };
        let behind = &rest[first.len_utf8()..];
        rest = match first {
            '#' => behind.split_once('\n').unwrap_or_default().1,
            '\'' | '"' => {
                let (text, behind) = behind.split_once(first)?;
                (!text.contains(['\\', '\n'])).then(|| tokens.push(Text(text)))?;
                behind
            }
            first if first.is_ascii_alphanumeric() => {
                let inside = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.');
                let end = rest.find(|char| !inside(char)).unwrap_or(rest.len());
                let (word, behind) = rest.split_at(end);
                tokens.push(match first.is_ascii_digit() {
                    true => Number(word.strip_suffix(['L', 'l']).unwrap_or(word).parse().ok()?),
                    false => Word(word),
                });
                behind
            }
            mark if "{}()[],:".contains(mark) => {
                tokens.push(Mark(mark));
                behind
            }
            _ => return None,
        };
    }
}
