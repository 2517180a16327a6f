//! Text of a `.npy` header: the literal of a Python dictionary, as much of that grammar as plain arrays need.
//!
//! Headers are written by Python 2 and 3, by hand or by machine: integers may end in `L`, texts may begin with `u`, and
//! white space, line ends and comments may stand between any two tokens.

use std::iter::Peekable;
use std::str::Chars;

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
        let mut tokens = Tokens(text.chars().peekable());
        tokens.mark('{')?;
        loop {
            match tokens.next()? {
                Token::Mark('}') => break,
                Token::Text(key) => {
                    tokens.mark(':')?;
                    match (key.as_str(), tokens.value()?) {
                        ("descr", Value::Text(text)) => descr = Some(Some(text)),
                        ("descr", Value::List) => descr = Some(None),
                        ("fortran_order", Value::Truth(truth)) => fortran_order = Some(truth),
                        ("shape", Value::Tuple(axes)) => shape = Some(axes),
                        _ => return None,
                    }
                }
                _ => return None,
            }
            match tokens.next()? {
                Token::Mark(',') => {}
                Token::Mark('}') => break,
                _ => return None,
            }
        }
        tokens.ended().then_some(())?;
        Some(Self {
            descr: descr?,
            fortran_order: fortran_order?,
            shape: shape?,
        })
    }
}

enum Value {
    Text(String),
    Truth(bool),
    Tuple(Vec<u64>),
    /// A list of anything.
    List,
}

#[derive(PartialEq)]
enum Token {
    Mark(char),
    Text(String),
    Number(u64),
    Word(String),
}

struct Tokens<'t>(Peekable<Chars<'t>>);

impl Tokens<'_> {
    fn value(&mut self) -> Option<Value> {
        match self.next()? {
            Token::Text(text) => Some(Value::Text(text)),
            Token::Word(word) if word == "True" => Some(Value::Truth(true)),
            Token::Word(word) if word == "False" => Some(Value::Truth(false)),
            Token::Mark('(') => self.tuple().map(Value::Tuple),
            Token::Mark('[') => self.end_of_list(),
            _ => None,
        }
    }

    /// Reads numbers with a comma behind each of them, except for the last of several, where it may be left out.
    fn tuple(&mut self) -> Option<Vec<u64>> {
        let mut numbers = Vec::new();
        loop {
            match self.next()? {
                Token::Mark(')') => return Some(numbers),
                Token::Number(number) => numbers.push(number),
                _ => return None,
            }
            match self.next()? {
                Token::Mark(',') => {}
                Token::Mark(')') if numbers.len() > 1 => return Some(numbers),
                _ => return None,
            }
        }
    }

    fn end_of_list(&mut self) -> Option<Value> {
        let mut open = 1;
        while open > 0 {
            match self.next()? {
                Token::Mark('[') => open += 1,
                Token::Mark(']') => open -= 1,
                _ => {}
            }
        }
        Some(Value::List)
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        (self.next()? == Token::Mark(mark)).then_some(())
    }

    /// Returns true if nothing follows.
    fn ended(&mut self) -> bool {
        self.skip_blanks();
        self.0.peek().is_none()
    }

    /// Reads the next token, if there is one and it is valid.
    fn next(&mut self) -> Option<Token> {
        self.skip_blanks();
        match self.0.next()? {
            quote @ ('\'' | '"') => self.text(quote),
            first if first.is_ascii_digit() => self.number(first),
            first if first.is_ascii_alphabetic() => match (first, self.0.peek()) {
                ('u' | 'U', Some(&quote @ ('\'' | '"'))) => {
                    self.0.next();
                    self.text(quote)
                }
                _ => Some(Token::Word(self.word(first))),
            },
            mark if "{}()[],:".contains(mark) => Some(Token::Mark(mark)),
            _ => None,
        }
    }

    fn skip_blanks(&mut self) {
        while let Some(next) = self
            .0
            .next_if(|next| next.is_ascii_whitespace() || *next == '#')
        {
            if next == '#' {
                while self.0.next_if(|next| *next != '\n').is_some() {}
            }
        }
    }

    /// Reads a text without escapes.
    fn text(&mut self, quote: char) -> Option<Token> {
        let mut text = String::new();
        loop {
            match self.0.next()? {
                '\\' | '\n' => return None,
                end if end == quote => return Some(Token::Text(text)),
                inside => text.push(inside),
            }
        }
    }

    /// Reads a decimal number.
    fn number(&mut self, first: char) -> Option<Token> {
        let word = self.word(first);
        let digits = word.strip_suffix(['L', 'l']).unwrap_or(&word);
        digits.parse().ok().map(Token::Number)
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        while let Some(next) = self
            .0
            .next_if(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '.'))
        {
            word.push(next);
        }
        word
    }
}

#[cfg(test)]
mod tests {
    use super::Literal;

    const PLAIN: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";

    fn shape(text: &str) -> Option<Vec<u64>> {
        Literal::parse(&PLAIN.replace("(3, 4)", text)).map(|literal| literal.shape)
    }

    #[test]
    fn every_form_that_numpy_reads_says_the_same() {
        let plain = Literal::parse(PLAIN).expect("as NumPy writes it");
        assert_eq!(plain.descr.as_deref(), Some("<f4"));
        assert_eq!(
            (plain.fortran_order, &plain.shape[..]),
            (false, &[3, 4][..])
        );
        for text in [
            "{'shape': (3L, 4L), 'fortran_order': False, 'descr': '<f4'}",
            "{u'descr': u'<f4', u'fortran_order': False, u'shape': (3, 4)}\n",
            "  {\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(3,4,)}",
            "{'descr':\n '<f4',\t'fortran_order': # no\n False, 'shape': (3,\r\n 4)} # made by x",
            "{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}  \n\n",
        ] {
            assert_eq!(Literal::parse(text).as_ref(), Some(&plain), "{text}");
        }
    }

    #[test]
    fn shapes_are_tuples_of_decimal_numbers() {
        assert_eq!(shape("()"), Some(vec![]));
        assert_eq!(shape("(5,)"), Some(vec![5]));
        assert_eq!(shape("(0, 18446744073709551615)"), Some(vec![0, u64::MAX]));
        for text in [
            "(5)",
            "[3, 4]",
            "(,)",
            "(3 4)",
            "(3,,4)",
            "(-3,)",
            "(3.0,)",
            "(0x3,)",
            "(True,)",
            "3",
            "(18446744073709551616,)",
            "('3',)",
            "((3,),)",
            "(3LL,)",
            "(3, 4",
            "(L,)",
        ] {
            assert_eq!(shape(text), None, "{text}");
        }
    }

    #[test]
    fn all_else_is_refused() {
        for text in [
            "",
            "{",
            "{}",
            "{'descr'}",
            "[]",
            "{'descr': '<f4'}",
            "{'descr': '<f4', 'shape': ()}",
            "{'descr': '<f4' 'fortran_order': False, 'shape': ()}",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
            "{'descr': '\\x3cf4', 'fortran_order': False, 'shape': ()}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': ()}",
            "{b'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        ] {
            assert_eq!(Literal::parse(text), None, "{text}");
        }
        let records = PLAIN.replace("'<f4'", "[('a', '<f4'), ('b', '<f8', (2,))]");
        assert_eq!(
            Literal::parse(&records).map(|literal| literal.descr),
            Some(None)
        );
    }
}
