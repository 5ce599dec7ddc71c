// Lean 4, structure only: header, commands, and of a declaration its signature and body. Lean's syntax is extensible, so
// everything below that is a flat list of tokens. The external scanner makes every token and decides where commands
// begin and where a body begins; these rules only group.
module.exports = grammar({
  name: "lean",
  extras: ($) => [/[\s\uFEFF]/, $.line_comment, $.block_comment, $.doc_comment, $.vc_tag],
  // the order is that of enum Symbol in src/scanner.c
  externals: ($) => [
    $._boundary, // no width: here a command begins
    $.line_comment,
    $.block_comment,
    $.doc_comment,
    $.vc_tag,
    $.string, // of an interpolated string: each piece of plain text
    $.char,
    $.number,
    $.identifier,
    $.sorry,
    $.open,
    $.close,
    $.operator,
    $.assign, // the `:=`, `where` or `|` that begins a body
    $.where,
    $.bar,
    $.keyword, // theorem, def, ...
    $.modifier,
    $._boundary_modifier, // a modifier that also begins a command
    $._boundary_word, // a command's word that also begins it
    $.attribute_open,
    $.attribute_close,
    $.namespace_word,
    $.section_word,
    $.end_word,
    $.mutual_word,
    $.command_word,
    $.module_word,
    $.prelude_word,
    $._import_start, // no width: what follows is an import, though it begins with a modifier
    $.import_word,
    $.import_modifier,
    $.all_word,
    $.module_name,
    $.unterminated, // a comment or string without an end; no rule has it
  ],
  rules: {
    source_file: ($) => seq(optional($.header), repeat($.command)),

    header: ($) => repeat1(choice($.module_word, $.prelude_word, $.import)),
    import: ($) =>
      seq(optional(seq($._import_start, repeat1($.import_modifier))), $.import_word, optional($.all_word), $.module_name),

    command: ($) =>
      choice(
        seq(
          choice($._boundary, alias($._boundary_modifier, $.modifier)),
          repeat(choice($.attribute, $.modifier)),
          choice($.declaration, $.namespace, $.section, $.end, $.mutual, $.other),
        ),
        alias($._derived, $.other),
      ),
    attribute: ($) => seq($.attribute_open, repeat($._token), $.attribute_close),

    declaration: ($) =>
      seq(
        field("kind", repeat1($.keyword)),
        choice(
          seq(field("name", alias($.identifier, $.name)), optional(field("signature", $.signature))),
          optional(field("signature", alias($._nameless, $.signature))),
        ),
        optional(field("body", $.body)),
      ),
    signature: ($) => repeat1($._token),
    _nameless: ($) => seq($._no_identifier, repeat($._token)),
    body: ($) => seq(choice($.assign, $.where, $.bar), repeat($._token)),

    namespace: ($) => seq($.namespace_word, repeat($._token)),
    section: ($) => seq($.section_word, repeat($._token)),
    end: ($) => seq($.end_word, repeat($._token)),
    mutual: ($) => seq($.mutual_word, repeat($._token)),
    other: ($) => seq($.command_word, repeat($._token)),
    _derived: ($) => seq(alias($._boundary_word, $.command_word), repeat($._token)),

    _token: ($) => choice($.identifier, $._no_identifier),
    _no_identifier: ($) => choice($.string, $.char, $.number, $.sorry, $.open, $.close, $.operator),
  },
});
