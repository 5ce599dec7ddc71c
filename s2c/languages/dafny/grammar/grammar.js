// A structural grammar of Dafny (2.x to 4.x), for reading and splicing, not for compiling.
//
// Declarations, modifiers, attributes, clauses and body spans are exact; everything inside a body, a parenthesis or an
// attribute is a balanced soup of tokens. So real code parses whatever expression syntax a Dafny release adds, and
// s2c still knows where a contract ends, which declaration owns a body, and every single token.
//
// The one hard question is whether a `{` after a clause starts the body or is a set display (`reads {a}`). It is
// answered by the token before it: after an operator the clause goes on, after an operand it has ended.
//
// Every token is a named or anonymous leaf: no inline regular expression may stand in a rule, it would have no node.

/// <reference types="tree-sitter-cli/dsl" />

const blanks = /[ \t\r\n]+/;

/// Two words that act as one keyword. As single words they stay usable as names of variables.
const twoWords = (first, second) => token(seq(first, blanks, second));

module.exports = grammar({
  name: 'dafny',

  extras: $ => [/\s|\uFEFF/, $.vc_tag, $.line_comment, $.block_comment],
  externals: $ => [$.block_comment, $.unterminated_comment],
  word: $ => $.identifier,

  rules: {
    source_file: $ => repeat(choice($.include_directive, $.declaration, ';')),

    // Tag comments steer holes, so they are told apart from other comments.
    vc_tag: _ => token(prec(2, /\/\/[ \t]*<\/?vc-[a-z]+>[^\n]*/)),
    line_comment: _ => token(prec(1, /\/\/[^\n]*/)),
    include_directive: $ => seq('include', field('path', $.string)),

    // --- declarations -----------------------------------------------------------------------------------------------

    // Modifiers stand in this wrapper only: an optional modifier list in each rule blows the table up.
    declaration: $ => seq(
      repeat(choice($.modifier, $.at_attribute)),
      choice($.module, $.import, $.export, $.class, $.datatype, $.type, $.method, $.function, $.const, $.field)),
    modifier: $ => choice('abstract', 'ghost', 'static', 'protected', 'opaque', 'twostate', $.replaceable),
    replaceable: _ => token(prec(1, seq('replaceable', blanks))),
    at_attribute: $ => seq('@', $.identifier, repeat(seq('.', $.identifier)), optional($.paren)),
    qualified_name: $ => seq($.identifier, repeat(seq('.', choice($.identifier, $.number)))),
    members: $ => seq('{', repeat(choice($.declaration, ';')), '}'),

    module: $ => seq('module', repeat($.attribute), field('name', $.qualified_name), optional($.paren),
      optional(seq(choice('refines', 'replaces'), field('refines', $.qualified_name), optional($.paren))),
      field('body', $.members)),
    import: $ => seq('import', optional('opened'), field('name', $.qualified_name), optional($.paren),
      optional(seq(choice('=', ':', 'as', 'default'), field('target', $.qualified_name), optional($.paren))),
      optional(seq('`', choice($.identifier, $.brace)))),
    export: $ => prec.right(seq('export', repeat(choice(
      $.identifier, $.number, $.string, 'provides', 'reveals', 'extends', ',', '.', '*')))),
    class: $ => seq(field('kind', choice('class', 'trait')), repeat($.attribute), field('name', $.identifier),
      optional($.type_parameters), optional(seq(choice('extends', 'refines'), $._type)), optional('...'),
      field('body', $.members)),
    datatype: $ => prec.right(seq(choice('datatype', 'codatatype'), repeat($.attribute), field('name', $.identifier),
      optional($.type_parameters), optional(seq('extends', $._type)), '=', optional('...'), optional('|'),
      $.datatype_constructor, repeat(seq('|', $.datatype_constructor)), optional(field('body', $.members)))),
    datatype_constructor: $ => seq(repeat(choice($.attribute, 'ghost')),
      field('name', choice($.identifier, $.number)), optional($.paren)),
    type: $ => prec.right(seq(choice('type', 'newtype'), repeat($.attribute), field('name', $.identifier),
      optional($.paren), optional($.type_parameters), optional(seq('extends', $._type)),
      optional(seq('=', field('definition', $.type_definition))), optional(field('body', $.members)))),
    const: $ => prec.right(seq('const', repeat($.attribute), field('name', choice($.identifier, $.number)),
      optional('...'), optional(field('value', $.expression)))),
    field: $ => prec.right(seq('var', field('value', $.expression))),

    type_parameters: $ => seq('<',
      repeat(choice($.identifier, ',', $.paren, '+', '-', '*', '!', 'extends', $.type_arguments)), '>'),
    type_arguments: $ => seq('<',
      repeat(choice($.identifier, ',', '.', $.paren, '->', '~>', '-->', $.type_arguments)), '>'),
    _type: $ => prec.right(repeat1(choice(
      $.identifier, '.', ',', '->', '~>', '-->', '*', $.paren, $.type_arguments))),

    method: $ => prec.right(seq(
      choice(
        seq(field('kind', alias('constructor', $.method_kind)), repeat($.attribute), optional(field('name', $.identifier))),
        seq(field('kind', $.method_kind), repeat($.attribute), field('name', $.identifier))),
      optional(field('type_parameters', $.type_parameters)), optional($.bracket), optional(field('parameters', $.paren)),
      optional(seq(choice('returns', 'yields'), field('results', $.paren))), optional('...'),
      repeat($.clause), optional(field('body', $.body)))),
    method_kind: $ => choice('method', 'lemma', 'colemma', 'comethod', 'iterator', $.fixpoint_lemma),
    fixpoint_lemma: _ => twoWords(choice('least', 'greatest', 'inductive'), 'lemma'),

    function: $ => prec.right(seq(field('kind', $.function_kind), repeat($.attribute), field('name', $.identifier),
      optional(field('type_parameters', $.type_parameters)), optional($.bracket), repeat(field('parameters', $.paren)),
      optional(seq(':', field('results', alias($._type, $.result_type)))), optional('...'),
      repeat($.clause), optional(field('body', $.body)), optional(seq('by', 'method', field('by_method', $.body))))),
    function_kind: $ => choice(seq('function', optional('method')), seq('predicate', optional('method')),
      'copredicate', $.fixpoint_predicate),
    fixpoint_predicate: _ => twoWords(choice('least', 'greatest', 'inductive'), 'predicate'),

    clause: $ => prec.right(seq(
      field('keyword', choice('requires', 'ensures', 'modifies', 'reads', 'decreases', 'invariant', $.clause_words)),
      $.expression)),
    clause_words: _ => twoWords(choice('yield', 'free'), choice('requires', 'ensures')),
    body: $ => $._braced,

    // --- expressions outside brackets: flat, only as deep as the question "is this `{` mine?" needs -------------------

    expression: $ => prec.right(choice(seq(choice($.brace, 'var'), repeat($._token)), repeat1($._token))),
    type_definition: $ => prec.right(seq(optional($.brace),
      repeat1(choice($._token, prec(3, seq('|', $.brace)))))),
    _token: $ => choice($._operand, $.attribute, $._operator, $._ender, $._opener, $.display, $.match, $._let, $._member,
      'assert', 'assume', 'forall', 'exists', $.ghost_witness),
    _operand: $ => choice($.identifier, $.number, $.string, $.char, $.paren, $.bracket),
    // After these a `{` is the body: `decreases |s| {`, `decreases * {`, `x is T<int> {`, the old `ensures P; {`.
    _ender: _ => choice('|', '*', '>', ';'),
    // After these a `{` is a display, a match or a block of the expression. No `@`: no label is in scope outside a body,
    // so there it begins the attribute of the next declaration.
    _operator: _ => choice('if', 'then', 'else', 'in', 'as', 'is', 'witness', 'case', ':=', '==', '::', '<', ',', ':', '.',
      '=', '!', '-', '+', '->', '~>', '-->', '`', '&', '/', '%', '^', '~', '?', '#', '||', '&&', '==>', '<==',
      '<==>', '!=', '<=', '>=', '!!', '<<', '=>', ':-', ':|', '<-', '..', '!in'),
    _opener: _ => choice('by', 'calc', 'multiset', 'iset'),
    // `f.requires(x)` and `f.reads` name members, not clauses.
    _member: _ => prec.right(3, seq('.', choice('requires', 'reads', 'ensures', 'decreases'))),
    // `var` goes on with an expression only after an operator; elsewhere it starts a field.
    _let: $ => prec.right(2, seq(choice($._operator, ';', '|'), repeat1('var'))),
    ghost_witness: _ => twoWords('ghost', 'witness'),
    display: $ => prec.right(2, choice(seq(choice($._operator, $._opener), $.brace), seq('|{', repeat($._soup), '}'))),
    match: $ => prec.right(2, seq('match', repeat1($._token), choice($.brace, seq('case', $._token)))),

    // --- balanced soup ----------------------------------------------------------------------------------------------

    paren: $ => seq('(', repeat($._soup), ')'),
    bracket: $ => seq('[', repeat($._soup), ']'),
    brace: $ => $._braced,
    _braced: $ => seq('{', repeat($._soup), '}'),
    attribute: $ => seq('{:', repeat($._soup), '}'),
    _soup: $ => choice($.identifier, $.number, $.string, $.char, $.paren, $.bracket, $.brace, $.attribute, $.stray,
      '|', ';', '*', ',', '.', ':', '-', '+', '<', '>', '=', '!', '@', '`', '::', ':=', '==', '->', '~>', '-->', '...',
      '==>', '<==', '<==>', '=>', ':-', ':|', '<-', '..', '!in', '!!', '||', '&&', '!=', '<=', '>=', '<<', '/', '%', '^',
      '~', '?', '#', '&'),
    // Any other character: no Dafny token, but no reason to lose a whole file either.
    stray: _ => token(prec(-2, /[^ \t\r\nA-Za-z0-9_(){}\[\]"]/)),

    // --- words ------------------------------------------------------------------------------------------------------

    identifier: _ => /[A-Za-z_?][A-Za-z0-9_?']*/,
    // Exactly Dafny's digits: `5lemma` is a number and a keyword there, so it must be here.
    number: _ => token(choice(/0x[0-9a-fA-F](_?[0-9a-fA-F])*/, /[0-9](_?[0-9])*(\.[0-9](_?[0-9])*)?/)),
    string: _ => token(choice(
      seq('"', repeat(choice(/[^"\\\n]/, /\\./)), '"'),
      seq('@"', repeat(choice(/[^"]/, '""')), '"'))),
    char: _ => token(/'([^'\\\n]|\\([^uU\n]|u[0-9a-fA-F]{4}|U\{[0-9a-fA-F_]+\}))'/),
  },
});
