//! Conditions as SQL expressions: our dialect, and quantities with units as one token.

use sqlparser::ast::Expr;
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Whitespace, Word};
use weigh_facts::{Diagnostic, Unit};

use super::place::Place;
use weigh_facts::nearest;

/// Plain names, `$parameters`, and nothing of any vendor.
#[derive(Debug)]
struct Rules;

impl Dialect for Rules {
    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_ascii_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_ascii_alphanumeric() || ch == '_'
    }

    fn supports_dollar_placeholder(&self) -> bool {
        true
    }

    fn supports_numeric_literal_underscores(&self) -> bool {
        true
    }
}

/// A condition longer than this is a rulebook of its own.
const TEXT_MAX: usize = 4_000;
const TOKENS_MAX: usize = 800;

/// Units a slip is compared with.
const UNITS: &[&str] = &[
    "FLOP",
    "FLOP/s",
    "PFLOP/s",
    "GB/s",
    "W",
    "ms",
    "s",
    "h",
    "USD",
    "tokens",
    "parameters",
    "devices",
    "TPP",
    "TPP/mm2",
    "mm2",
    "byte",
    "GB",
];

/// Reads a condition as one SQL expression.
pub(crate) fn parse(place: Place<'_>, text: &str, errors: &mut Vec<Diagnostic>) -> Option<Expr> {
    if text.len() > TEXT_MAX {
        let message = format!("this condition is longer than {TEXT_MAX} bytes");
        let help = "name its parts in `[predicate.NAME]`";
        errors.push(Diagnostic::new("too-complex", message, place.whole()).with_help(help));
        return None;
    }
    let tokens = match Tokenizer::new(&Rules, text).tokenize_with_location() {
        Ok(tokens) => tokens,
        Err(error) => {
            errors.push(syntax(place, &error.message, Some(error.location)));
            return None;
        }
    };
    let tokens = without_space(place, tokens, errors)?;
    if tokens.len() > TOKENS_MAX {
        let message = format!("this condition has more than {TOKENS_MAX} words and signs");
        let help = "name its parts in `[predicate.NAME]`";
        errors.push(Diagnostic::new("too-complex", message, place.whole()).with_help(help));
        return None;
    }
    refuse_bare_sets(place, &tokens, errors)?;
    let tokens = with_plain_names(with_quantities(place, tokens, errors)?);
    let mut parser = Parser::new(&Rules).with_tokens_with_locations(tokens);
    let expr = match parser.parse_expr() {
        Ok(expr) => expr,
        Err(error) => {
            errors.push(parser_error(place, error));
            return None;
        }
    };
    let rest = parser.peek_token();
    if rest.token == Token::EOF {
        return Some(expr);
    }
    let message = format!(
        "`{}` stands where the condition should have ended",
        rest.token
    );
    errors.push(Diagnostic::new(
        "expression-syntax",
        message,
        place.of(rest.span),
    ));
    None
}

/// `IN $set`: SQL wants parentheses, and says so in words of its own.
fn refuse_bare_sets(
    place: Place<'_>,
    tokens: &[TokenWithSpan],
    errors: &mut Vec<Diagnostic>,
) -> Option<()> {
    let pairs = tokens.iter().zip(tokens.iter().skip(1));
    let bare = pairs.filter_map(|(word, next)| match (&word.token, &next.token) {
        (Token::Word(word), Token::Placeholder(set)) if word.keyword == Keyword::IN => {
            Some((set, next.span))
        }
        _ => None,
    });
    let before = errors.len();
    errors.extend(bare.map(|(set, span)| {
        let message = format!("the set `{set}` stands after IN without parentheses");
        let help = format!("write `IN ({set})`, or for all others `FACT NOT IN ({set})`");
        Diagnostic::new("expression-syntax", message, place.of(span)).with_help(help)
    }));
    (errors.len() == before).then_some(())
}

/// After a sign SQL reads `any(` and `all(` as quantifiers of a comparison; here they are the names
/// of functions, wherever they stand.
fn with_plain_names(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    for token in &mut tokens {
        if let Token::Word(word) = &mut token.token
            && matches!(word.keyword, Keyword::ANY | Keyword::ALL | Keyword::SOME)
        {
            word.keyword = Keyword::NoKeyword;
        }
    }
    tokens
}

fn parser_error(place: Place<'_>, error: ParserError) -> Diagnostic {
    match error {
        ParserError::RecursionLimitExceeded => {
            let message = "this condition is nested too deeply";
            let help = "name its parts in `[predicate.NAME]`";
            Diagnostic::new("too-complex", message, place.whole()).with_help(help)
        }
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            let (text, at) = message.split_once(" at Line: ").unwrap_or((&message, ""));
            let mut numbers = at.split(", Column: ").map(|n| n.trim().parse::<u64>().ok());
            let location = numbers.next().flatten().zip(numbers.next().flatten());
            syntax(place, text, location.map(Location::from))
        }
    }
}

fn syntax(place: Place<'_>, message: &str, at: Option<Location>) -> Diagnostic {
    let span = at.map_or_else(
        || place.whole(),
        |at| {
            let end = Location::new(at.line, at.column + 1);
            place.of(Span::new(at, end))
        },
    );
    let mut words = message.trim_end_matches('.').replace('\n', " ");
    if let Some(first) = words.get(..1).map(str::to_ascii_lowercase) {
        words.replace_range(..1, &first);
    }
    let message = format!("cannot read the condition: {words}");
    Diagnostic::new("expression-syntax", message, span)
}

/// Drops blanks; a comment in a condition hides what stands behind it, so there is none.
fn without_space(
    place: Place<'_>,
    tokens: Vec<TokenWithSpan>,
    errors: &mut Vec<Diagnostic>,
) -> Option<Vec<TokenWithSpan>> {
    let mut kept = Vec::with_capacity(tokens.len());
    for token in tokens {
        match token.token {
            Token::Whitespace(
                Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_),
            ) => {
                let message = "a comment inside a condition hides what stands behind it";
                let help = "write it above the condition, after `#`";
                errors.push(
                    Diagnostic::new("expression-syntax", message, place.of(token.span))
                        .with_help(help),
                );
                return None;
            }
            Token::Whitespace(_) => {}
            _ => kept.push(token),
        }
    }
    Some(kept)
}

/// Joins `1e25 FLOP`, `600 GB/s` and `5.92 TPP/mm2` into one number each, unit included.
fn with_quantities(
    place: Place<'_>,
    tokens: Vec<TokenWithSpan>,
    errors: &mut Vec<Diagnostic>,
) -> Option<Vec<TokenWithSpan>> {
    let mut joined: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        let Token::Number(number, _) = &token.token else {
            joined.push(token);
            continue;
        };
        let Some(word) = rest.next_if(|next| unit_word(&next.token).is_some()) else {
            joined.push(token);
            continue;
        };
        let mut unit = unit_word(&word.token).unwrap_or_default().to_owned();
        let mut end = word.span.end;
        while let Some(sign) = rest.next_if(|next| {
            let is_sign = matches!(next.token, Token::Div | Token::Minus | Token::Mul);
            is_sign && next.span.start == end
        }) {
            unit.push_str(&sign.token.to_string());
            end = sign.span.end;
            if let Some(word) =
                rest.next_if(|next| unit_word(&next.token).is_some() && next.span.start == end)
            {
                unit.push_str(unit_word(&word.token).unwrap_or_default());
                end = word.span.end;
            }
        }
        if Unit::parse(&unit).is_err() {
            let span = place.of(Span::new(word.span.start, end));
            let near = nearest(&unit, UNITS.iter().copied());
            let mut found = Diagnostic::new("bad-quantity", format!("`{unit}` is no unit"), span);
            found.help = near.map(|near| format!("did you mean `{near}`?"));
            errors.push(found);
            return None;
        }
        let span = Span::new(token.span.start, end);
        let number = Token::Number(format!("{number} {unit}"), false);
        joined.push(TokenWithSpan::new(number, span));
    }
    Some(joined)
}

/// A word that may be a unit: any that does not join or compare.
fn unit_word(token: &Token) -> Option<&str> {
    match token {
        Token::Word(Word {
            value,
            quote_style: None,
            keyword,
        }) => {
            let joins = matches!(
                keyword,
                Keyword::AND
                    | Keyword::OR
                    | Keyword::NOT
                    | Keyword::IN
                    | Keyword::BETWEEN
                    | Keyword::IS
                    | Keyword::LIKE
                    | Keyword::THEN
                    | Keyword::ELSE
                    | Keyword::END
                    | Keyword::WHEN
                    | Keyword::AS
                    | Keyword::FROM
            );
            (!joins).then_some(value)
        }
        _ => None,
    }
}
