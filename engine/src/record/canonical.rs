//! The RFC 8785 form of a value, written into one buffer.
//!
//! Every line of a record is brought into this form when it is read. `serde_json_canonicalizer` says what the form is; it
//! allocates several times for every member of an object, though, and was most of what a replay took. Here members are
//! put in order in place. Numbers that are not plainly written in decimal are left to that crate.

use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{CharEscape, CompactFormatter, Formatter},
};
use std::{
    cmp::Ordering,
    io::{self, Write},
    ops::Range,
};

/// Integers up to here are written in decimal as they are: a double holds each of them exactly.
const EXACT: u64 = 1 << 53;

/// Most entries are no longer than this, in bytes.
const USUAL: usize = 512;

/// The RFC 8785 form of an entry, or of a [`serde_json::Value`]; in neither is there a double that is no number.
///
/// # Errors
/// An object has two members of one name.
pub(super) fn to_string<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    let mut text = Vec::with_capacity(USUAL);
    let formatter =
        Canonical { text: Vec::with_capacity(USUAL), objects: Vec::new(), whole: Vec::with_capacity(USUAL) };
    value.serialize(&mut Serializer::with_formatter(&mut text, formatter))?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// Writes an outermost object when it is whole; until then it is in `text`.
struct Canonical {
    /// The members of the objects that are open, one after the other, without what separates them.
    text: Vec<u8>,
    /// The objects that are open, the innermost last.
    objects: Vec<Object>,
    /// Where an object is put together.
    whole: Vec<u8>,
}

/// An object that is open.
struct Object {
    /// Where it begins in the text.
    start: usize,
    members: Vec<Member>,
}

/// Where a member is in the text.
struct Member {
    /// With its quotation marks.
    name: Range<usize>,
    /// The end of the value, which follows the name.
    end: usize,
}

impl Canonical {
    fn put<W: Write + ?Sized>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()> {
        if self.objects.is_empty() {
            return writer.write_all(bytes);
        }
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    fn put_integer<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        number: impl Serialize + Copy + ToString,
        magnitude: u64,
    ) -> io::Result<()> {
        if magnitude > EXACT {
            return self.put_number(writer, number);
        }
        self.put(writer, number.to_string().as_bytes())
    }

    fn put_number<W: Write + ?Sized>(&mut self, writer: &mut W, number: impl Serialize) -> io::Result<()> {
        let text = serde_json_canonicalizer::to_string(&number)?;
        self.put(writer, text.as_bytes())
    }

    fn member(&mut self) -> io::Result<&mut Member> {
        let member = self.objects.last_mut().and_then(|object| object.members.last_mut());
        member.ok_or_else(|| io::Error::other("a member without an object"))
    }
}

impl Formatter for Canonical {
    fn write_null<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b"null")
    }

    fn write_bool<W: Write + ?Sized>(&mut self, writer: &mut W, value: bool) -> io::Result<()> {
        self.put(writer, if value { b"true" } else { b"false" })
    }

    fn write_i8<W: Write + ?Sized>(&mut self, writer: &mut W, value: i8) -> io::Result<()> {
        self.write_i64(writer, value.into())
    }

    fn write_i16<W: Write + ?Sized>(&mut self, writer: &mut W, value: i16) -> io::Result<()> {
        self.write_i64(writer, value.into())
    }

    fn write_i32<W: Write + ?Sized>(&mut self, writer: &mut W, value: i32) -> io::Result<()> {
        self.write_i64(writer, value.into())
    }

    fn write_i64<W: Write + ?Sized>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        self.put_integer(writer, value, value.unsigned_abs())
    }

    fn write_i128<W: Write + ?Sized>(&mut self, writer: &mut W, value: i128) -> io::Result<()> {
        self.put_number(writer, value)
    }

    fn write_u8<W: Write + ?Sized>(&mut self, writer: &mut W, value: u8) -> io::Result<()> {
        self.write_u64(writer, value.into())
    }

    fn write_u16<W: Write + ?Sized>(&mut self, writer: &mut W, value: u16) -> io::Result<()> {
        self.write_u64(writer, value.into())
    }

    fn write_u32<W: Write + ?Sized>(&mut self, writer: &mut W, value: u32) -> io::Result<()> {
        self.write_u64(writer, value.into())
    }

    fn write_u64<W: Write + ?Sized>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        self.put_integer(writer, value, value)
    }

    fn write_u128<W: Write + ?Sized>(&mut self, writer: &mut W, value: u128) -> io::Result<()> {
        self.put_number(writer, value)
    }

    fn write_f32<W: Write + ?Sized>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.put_number(writer, value)
    }

    fn write_f64<W: Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        self.put_number(writer, value)
    }

    fn write_number_str<W: Write + ?Sized>(&mut self, _: &mut W, _: &str) -> io::Result<()> {
        Err(io::Error::other("a number that is none of Rust's"))
    }

    fn begin_string<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b"\"")
    }

    fn end_string<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b"\"")
    }

    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        self.put(writer, fragment.as_bytes())
    }

    fn write_char_escape<W: Write + ?Sized>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        if self.objects.is_empty() {
            return CompactFormatter.write_char_escape(writer, escape);
        }
        CompactFormatter.write_char_escape(&mut self.text, escape)
    }

    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.put(writer, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.put(writer, if first { b"" } else { b"," })
    }

    fn begin_object<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        // As many as an entry has.
        self.objects.push(Object { start: self.text.len(), members: Vec::with_capacity(8) });
        Ok(())
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, _: &mut W, _: bool) -> io::Result<()> {
        let start = self.text.len();
        if let Some(object) = self.objects.last_mut() {
            object.members.push(Member { name: start..start, end: start });
        }
        Ok(())
    }

    fn end_object_key<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.member()?.name.end = self.text.len();
        Ok(())
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        Ok(())
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.member()?.end = self.text.len();
        Ok(())
    }

    /// Puts the members in order.
    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        let Some(Object { start, mut members }) = self.objects.pop() else {
            return Err(io::Error::other("the end of an object that did not begin"));
        };
        let text = &self.text;
        members.sort_by(|one, other| order(&text[one.name.clone()], &text[other.name.clone()]));
        let is_same = |pair: &[Member]| text[pair[0].name.clone()] == text[pair[1].name.clone()];
        if members.windows(2).any(is_same) {
            return Err(io::Error::other("an object has two members of one name"));
        }
        self.whole.clear();
        self.whole.reserve(text.len() - start + 2 * (members.len() + 1));
        for member in &members {
            self.whole.push(if self.whole.is_empty() { b'{' } else { b',' });
            self.whole.extend_from_slice(&text[member.name.clone()]);
            self.whole.push(b':');
            self.whole.extend_from_slice(&text[member.name.end..member.end]);
        }
        if members.is_empty() {
            self.whole.push(b'{');
        }
        self.whole.push(b'}');
        self.text.truncate(start);
        if self.objects.is_empty() {
            return writer.write_all(&self.whole);
        }
        self.text.extend_from_slice(&self.whole);
        Ok(())
    }

    fn write_raw_fragment<W: Write + ?Sized>(&mut self, _: &mut W, _: &str) -> io::Result<()> {
        Err(io::Error::other("raw text has no RFC 8785 form"))
    }
}

/// The order of two names as they are written: by the UTF-16 code units of what they say.
fn order(one: &[u8], other: &[u8]) -> Ordering {
    let is_plain = |name: &[u8]| name.iter().all(|byte| byte.is_ascii() && *byte != b'\\');
    // Without the quotation marks: `"` comes after `!`.
    if let ([b'"', one @ .., b'"'], [b'"', other @ .., b'"']) = (one, other)
        && is_plain(one)
        && is_plain(other)
    {
        return one.cmp(other);
    }
    let said = |name: &[u8]| serde_json::from_slice::<String>(name).unwrap_or_default();
    said(one).encode_utf16().cmp(said(other).encode_utf16())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Map, Value, json};

    /// Numbers that follow from a seed: xorshift64.
    pub(in crate::record) struct Chance(pub u64);

    impl Chance {
        pub(in crate::record) fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % limit as u64).unwrap()
        }

        fn text(&mut self) -> String {
            const PARTS: [&str; 20] = [
                "a",
                "b",
                "Z",
                "0",
                " ",
                "!",
                "\"",
                "\\",
                "/",
                "\u{0}",
                "\u{1f}",
                "\n",
                "\u{7f}",
                "\u{80}",
                "\u{e9}",
                "\u{2028}",
                "\u{d7ff}",
                "\u{e000}",
                "\u{fb33}",
                "\u{1f600}",
            ];
            (0..self.below(4)).map(|_| PARTS[self.below(PARTS.len())]).collect()
        }

        fn number(&mut self) -> Value {
            const NUMBERS: [&str; 26] = [
                "0",
                "-0",
                "-0.0",
                "1",
                "-1",
                "1.0",
                "1e3",
                "0.1",
                "1e-6",
                "1e-7",
                "1e20",
                "1e21",
                "-1e21",
                "5e-324",
                "333333333.33333329",
                "1.7976931348623157e308",
                "9007199254740991",
                "9007199254740992",
                "9007199254740993",
                "-9007199254740992",
                "-9007199254740993",
                "9223372036854775807",
                "-9223372036854775808",
                "10000000000000000000",
                "18446744073709551615",
                "18446744073709551616",
            ];
            serde_json::from_str(NUMBERS[self.below(NUMBERS.len())]).unwrap()
        }

        pub(in crate::record) fn value(&mut self, depth: usize) -> Value {
            match self.below(if depth == 0 { 5 } else { 8 }) {
                0 => Value::Null,
                1 => self.below(2).eq(&0).into(),
                2 | 3 => self.number(),
                4 => self.text().into(),
                5 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
                _ => (0..self.below(6)).map(|_| (self.text(), self.value(depth - 1))).collect::<Map<_, _>>().into(),
            }
        }
    }

    #[test]
    fn the_form_is_that_of_the_crate_whatever_the_value() {
        let mut chance = Chance(0x0dd_ba11);
        for _ in 0..20_000 {
            let value = chance.value(4);
            assert_eq!(to_string(&value).unwrap(), serde_json_canonicalizer::to_string(&value).unwrap());
        }
    }

    #[test]
    fn the_form_is_that_of_the_examples_in_rfc_8785() {
        let value: Value = serde_json::from_str(
            r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
        )
        .unwrap();
        let form = concat!(
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
            r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        assert_eq!(to_string(&value).unwrap(), form);
        let names = json!({ "\u{20ac}": 5, "\r": 1, "\u{fb33}": 7, "1": 2, "\u{1f600}": 6, "\u{80}": 3, "\u{f6}": 4 });
        let form = "{\"\\r\":1,\"1\":2,\"\u{80}\":3,\"\u{f6}\":4,\"\u{20ac}\":5,\"\u{1f600}\":6,\"\u{fb33}\":7}";
        assert_eq!(to_string(&names).unwrap(), form);
    }

    #[test]
    fn two_members_of_one_name_have_no_form() {
        struct Twice;
        impl Serialize for Twice {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map([("\u{e9}\n", 1), ("a", 2), ("\u{e9}\n", 1)])
            }
        }
        assert!(to_string(&Twice).is_err());
        assert!(serde_json_canonicalizer::to_string(&Twice).is_err());
    }
}
