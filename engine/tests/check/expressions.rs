//! What is found in expressions and templates.

use crate::support::{steps, toml};

#[test]
fn an_expression_that_does_not_compile_is_pointed_at() {
    steps(
        r#"
- do: See {{ inputs.copies + }}.
- do: See {{ inputs.copies.
- if: it is so
  when: inputs.copies >
  then: [{ do: Look. }]
- if: it is so
  when: "{{ inputs.copies > 1 }}"
  then: [{ do: Look. }]
- if: it is so
  when: inputs.copies > 1 && inputs.copies < 9
  then: [{ do: Look. }]
- if: it is so
  when: inputs.copies = 1
  then: [{ do: Look. }]
- if: it is so
  when: ''
  then: [{ do: Look. }]
"#,
        r#"
error: this text does not compile: unexpected end of variable block
  --> runbook.yaml:17:36
   |
17 |       - do: See {{ inputs.copies + }}.
   |                                    ^^

error: this text does not compile: unexpected end of input, expected identifier or integer
  --> runbook.yaml:18:33
   |
18 |       - do: See {{ inputs.copies.
   |                                 ^

error: this expression does not compile: unexpected end of input, expected expression
  --> runbook.yaml:20:29
   |
20 |         when: inputs.copies >
   |                             ^

error: this expression does not compile: unexpected `}`, expected `:`
  --> runbook.yaml:23:37
   |
23 |         when: "{{ inputs.copies > 1 }}"
   |                                     ^ an expression is written without `{{ }}`

error: this expression does not compile: unexpected character
  --> runbook.yaml:26:33
   |
26 |         when: inputs.copies > 1 && inputs.copies < 9
   |                                 ^ write `and` in place of `&&`

error: this expression does not compile: unexpected input after expression
  --> runbook.yaml:29:29
   |
29 |         when: inputs.copies = 1
   |                             ^ write `==` to compare

error: this expression does not compile: unexpected end of input, expected expression
  --> runbook.yaml:32:15
   |
32 |         when: ''
   |               ^^
"#,
    );
    toml(
        r#"
notation = 1
title = "A ceremony"

[[sections.start.steps]]
do = "See {{ 1 + }}."

[[sections.start.steps]]
if = "it is so"
when = '1 >'
then = [{ do = "Look." }]

[[sections.start.steps]]
end = """
Line one,
line {{ two two }}."""

[sections.start]
"#,
        r#"
error: this text does not compile: unexpected end of variable block
 --> runbook.toml:5:18
  |
5 | do = "See {{ 1 + }}."
  |                  ^^

error: this expression does not compile: unexpected end of input, expected expression
 --> runbook.toml:9:11
  |
9 | when = '1 >'
  |           ^

error: this text does not compile: unexpected identifier, expected end of variable block
  --> runbook.toml:15:13
   |
15 | line {{ two two }}."""
   |             ^^^

error: a section has no `title`
  --> runbook.toml:17:1
   |
17 | [sections.start]
   | ^^^^^^^^^^^^^^^^
"#,
    );
}

#[test]
fn an_unknown_filter_or_test_is_named_with_the_nearest_one() {
    steps(
        r"
- do: See {{ inputs.copies | zeropad(10) }}, {{ inputs.copies | zero_pad }}, {{ inputs.copies | banana }}.
- do: See {{ inputs.ceremony_date | replace('-') }}, {{ inputs.ceremony_date | upper(1) }}.
- if: it is so
  when: inputs.copies is numbr or inputs.copies is divisibleby(3)
  then: [{ do: Look. }]
",
        r"
error: unknown filter `zeropad`
  --> runbook.yaml:17:36
   |
17 |       - do: See {{ inputs.copies | zeropad(10) }}, {{ inputs.copies | zero_pad }}, {{ inputs.copies | banana }}.
   |                                    ^^^^^^^ did you mean `zero_pad`?

error: the filter `zero_pad` takes 1 argument, this has 0
  --> runbook.yaml:17:71
   |
17 |       - do: See {{ inputs.copies | zeropad(10) }}, {{ inputs.copies | zero_pad }}, {{ inputs.copies | banana }}.
   |                                                                       ^^^^^^^^ a number or text, padded with zeros on the left to a width

error: unknown filter `banana`
  --> runbook.yaml:17:103
   |
17 |       - do: See {{ inputs.copies | zeropad(10) }}, {{ inputs.copies | zero_pad }}, {{ inputs.copies | banana }}.
   |                                                                                                       ^^^^^^ known here: zero_pad, words, lower, upper, trim, replace, join, length, first, last, string, int

error: the filter `replace` takes 2 arguments, this has 1
  --> runbook.yaml:18:43
   |
18 |       - do: See {{ inputs.ceremony_date | replace('-') }}, {{ inputs.ceremony_date | upper(1) }}.
   |                                           ^^^^^^^ every occurrence of the first argument replaced by the second

error: the filter `upper` takes 0 arguments, this has 1
  --> runbook.yaml:18:86
   |
18 |       - do: See {{ inputs.ceremony_date | replace('-') }}, {{ inputs.ceremony_date | upper(1) }}.
   |                                                                                      ^^^^^ in upper case

error: unknown test `numbr`
  --> runbook.yaml:20:32
   |
20 |         when: inputs.copies is numbr or inputs.copies is divisibleby(3)
   |                                ^^^^^ did you mean `number`?

error: unknown test `divisibleby`
  --> runbook.yaml:20:58
   |
20 |         when: inputs.copies is numbr or inputs.copies is divisibleby(3)
   |                                                          ^^^^^^^^^^^ known here: defined, undefined, none, true, false, number, string
",
    );
}

#[test]
fn there_is_nothing_to_call_and_no_statement() {
    steps(
        r#"
- do: See {{ now() }}, {{ length(inputs.ceremony_date) }}, {{ inputs.ceremony_date.upper() }}.
- do: "{% for x in [1, 2] %}{{ x }}{% endfor %}"
- do: "See {{ inputs.copies / 2 }}, {{ 2 ** 3 }}, {{ inputs.ceremony_date[0:4] }}, {{ {'a': 1} }}."
- do: "{{ inputs.copies is number(3) }}"
- do: See {{ 1 if inputs.copies > 1 }}, {{ inputs.copies | zero_pad(width=3) }}.
"#,
        r#"
error: `now()` cannot be called: the notation has no functions
  --> runbook.yaml:17:20
   |
17 |       - do: See {{ now() }}, {{ length(inputs.ceremony_date) }}, {{ inputs.ceremony_date.upper() }}.
   |                    ^^^

error: `length()` cannot be called: the notation has no functions
  --> runbook.yaml:17:33
   |
17 |       - do: See {{ now() }}, {{ length(inputs.ceremony_date) }}, {{ inputs.ceremony_date.upper() }}.
   |                                 ^^^^^^ write it as a filter: `… | length`

error: `upper()` cannot be called: the notation has no functions
  --> runbook.yaml:17:90
   |
17 |       - do: See {{ now() }}, {{ length(inputs.ceremony_date) }}, {{ inputs.ceremony_date.upper() }}.
   |                                                                                          ^^^^^ write it as a filter: `… | upper`

error: not part of the notation: a `{% … %}` statement
  --> runbook.yaml:18:14
   |
18 |       - do: "{% for x in [1, 2] %}{{ x }}{% endfor %}"
   |              ^^ a choice is an IF step of its own; there is no loop

error: not part of the notation: the operators `/` and `**`
  --> runbook.yaml:19:21
   |
19 |       - do: "See {{ inputs.copies / 2 }}, {{ 2 ** 3 }}, {{ inputs.ceremony_date[0:4] }}, {{ {'a': 1} }}."
   |                     ^^^^^^^^^^^^^^^^^

error: not part of the notation: the operators `/` and `**`
  --> runbook.yaml:19:46
   |
19 |       - do: "See {{ inputs.copies / 2 }}, {{ 2 ** 3 }}, {{ inputs.ceremony_date[0:4] }}, {{ {'a': 1} }}."
   |                                              ^^^^^^

error: not part of the notation: a slice
  --> runbook.yaml:19:66
   |
19 |       - do: "See {{ inputs.copies / 2 }}, {{ 2 ** 3 }}, {{ inputs.ceremony_date[0:4] }}, {{ {'a': 1} }}."
   |                                                                  ^^^^^^^^^^^^^^^^^^^

error: not part of the notation: a map
  --> runbook.yaml:19:93
   |
19 |       - do: "See {{ inputs.copies / 2 }}, {{ 2 ** 3 }}, {{ inputs.ceremony_date[0:4] }}, {{ {'a': 1} }}."
   |                                                                                             ^^^^^^^^

error: not part of the notation: an argument of a test
  --> runbook.yaml:20:34
   |
20 |       - do: "{{ inputs.copies is number(3) }}"
   |                                  ^^^^^^^^^

error: not part of the notation: an `if` without an `else`
  --> runbook.yaml:21:17
   |
21 |       - do: See {{ 1 if inputs.copies > 1 }}, {{ inputs.copies | zero_pad(width=3) }}.
   |                 ^^^^^^^^^^^^^^^^^^^^^^^^^

error: not part of the notation: an argument by name
  --> runbook.yaml:21:66
   |
21 |       - do: See {{ 1 if inputs.copies > 1 }}, {{ inputs.copies | zero_pad(width=3) }}.
   |                                                                  ^^^^^^^^^^^^^^^^^
"#,
    );
}

#[test]
fn a_place_is_found_through_quotes_escapes_and_folded_lines() {
    steps(
        r#"
- do: "See \u00e9 {{ wrong }}, {{ 'wrong' }} and {{ wrong.again }}."
- do: >-
    A sentence that goes
    over lines, {{ wrong }},
    and says {{ wrong_again }}.
- do: |
    Each line {{ wrong }}
    stays {{ wrong_again }}.
- do: 'It''s {{ wrong }}.'
- do: plain text
    over lines {{ wrong }}
"#,
        r#"
error: there is no value `wrong` here
  --> runbook.yaml:17:28
   |
17 |       - do: "See \u00e9 {{ wrong }}, {{ 'wrong' }} and {{ wrong.again }}."
   |                            ^^^^^ known here: inputs, devices, participants

error: there is no value `wrong` here
  --> runbook.yaml:17:59
   |
17 |       - do: "See \u00e9 {{ wrong }}, {{ 'wrong' }} and {{ wrong.again }}."
   |                                                           ^^^^^ known here: inputs, devices, participants

error: there is no value `wrong` here
  --> runbook.yaml:20:26
   |
20 |           over lines, {{ wrong }},
   |                          ^^^^^ known here: inputs, devices, participants

error: there is no value `wrong_again` here
  --> runbook.yaml:21:23
   |
21 |           and says {{ wrong_again }}.
   |                       ^^^^^^^^^^^ known here: inputs, devices, participants

error: there is no value `wrong` here
  --> runbook.yaml:23:24
   |
23 |           Each line {{ wrong }}
   |                        ^^^^^ known here: inputs, devices, participants

error: there is no value `wrong_again` here
  --> runbook.yaml:24:20
   |
24 |           stays {{ wrong_again }}.
   |                    ^^^^^^^^^^^ known here: inputs, devices, participants

error: there is no value `wrong` here
  --> runbook.yaml:25:23
   |
25 |       - do: 'It''s {{ wrong }}.'
   |                       ^^^^^ known here: inputs, devices, participants

error: there is no value `wrong` here
  --> runbook.yaml:27:25
   |
27 |           over lines {{ wrong }}
   |                         ^^^^^ known here: inputs, devices, participants
"#,
    );
    toml(
        r#"
notation = 1
title = "A ceremony"

[sections.start]
title = "Start"

[[sections.start.steps]]
do = "See \u00e9 {{ wrong }}."

[[sections.start.steps]]
do = """
A sentence \
  over lines, {{ wrong }}."""

[[sections.start.steps]]
do = '''
{{ wrong }}'''

[[sections.start.steps]]
end = "Done."
"#,
        r#"
error: there is no value `wrong` here
 --> runbook.toml:8:21
  |
8 | do = "See \u00e9 {{ wrong }}."
  |                     ^^^^^ known here: inputs, devices, participants

error: there is no value `wrong` here
  --> runbook.toml:13:18
   |
13 |   over lines, {{ wrong }}."""
   |                  ^^^^^ known here: inputs, devices, participants

error: there is no value `wrong` here
  --> runbook.toml:17:4
   |
17 | {{ wrong }}'''
   |    ^^^^^ known here: inputs, devices, participants
"#,
    );
}
