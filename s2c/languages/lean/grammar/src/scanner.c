// Every token of Lean 4, and where a command and a body begin.
//
// Lean's syntax grows with its imports, so no grammar can read its terms. But a command begins with a known word at the
// start of a line, and brackets, strings and comments are fixed: that is enough for an outline. The rules were found
// and measured on public Lean code; each says why it is there.

#include "tree_sitter/parser.h"
#include <stdlib.h>
#include <string.h>

enum Symbol {  // the order is that of `externals` in grammar.js
  BOUNDARY, LINE_COMMENT, BLOCK_COMMENT, DOC_COMMENT, VC_TAG, STRING, CHAR, NUMBER, IDENTIFIER, SORRY, OPEN, CLOSE,
  OPERATOR, ASSIGN, WHERE, BAR, KEYWORD, MODIFIER, BOUNDARY_MODIFIER, BOUNDARY_WORD, ATTRIBUTE_OPEN, ATTRIBUTE_CLOSE,
  NAMESPACE_WORD, SECTION_WORD, END_WORD, MUTUAL_WORD, COMMAND_WORD, MODULE_WORD, PRELUDE_WORD, IMPORT_START,
  IMPORT_WORD, IMPORT_MODIFIER, ALL_WORD, MODULE_NAME, UNTERMINATED
};

enum Stage { FILE_START, IMPORTS, AFTER_MODIFIER, AFTER_IMPORT, COMMANDS };
enum Split { NO_SPLIT, BEFORE_BODY, BEFORE_CONSTRUCTORS };  // what a `|` may be in a signature

#define MAX_INTERPOLATIONS 16  // `s!"` within `s!"`
#define MAX_WORD 40            // longer than every keyword
#define BAR_LOOKAHEAD 200      // characters after a `|` that may decide what it is

typedef struct {
  uint8_t stage;
  uint8_t must_begin;    // the next token begins a command, wherever it stands
  uint8_t pending;       // a command has begun, its own word is still to come
  uint8_t line_first;    // nothing but comments since the start of the line
  uint8_t split;
  uint8_t in_attribute;  // in the `@[...]` of a pending command
  uint8_t may_continue;  // this command may end with `in`, and the next one then follows on the same line
  uint8_t match;         // the signature holds a `match`: its bars begin no body
  uint8_t lets;          // `let`s and `have`s of the signature whose `:=` is still to come
  uint8_t operand;       // the token before ends an operand
  uint8_t quoted;        // directly after "`" or ".": the next word is a name, whatever it says
  uint8_t interpolated;  // directly after `s!` and the like: the next string is interpolated
  uint8_t after_class;   // directly after `class`: one more keyword may follow
  uint8_t after_fun;     // directly after `fun`: alternatives may follow that are its own
  uint8_t nested;        // interpolations that are open
  uint16_t depth;        // open brackets
  uint16_t outer[MAX_INTERPOLATIONS];  // the depth at which each open interpolation began
} State;

void *tree_sitter_lean_external_scanner_create(void) { return calloc(1, sizeof(State)); }
void tree_sitter_lean_external_scanner_destroy(void *payload) { free(payload); }
unsigned tree_sitter_lean_external_scanner_serialize(void *payload, char *buffer) {
  memcpy(buffer, payload, sizeof(State));
  return sizeof(State);
}
void tree_sitter_lean_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  memset(payload, 0, sizeof(State));
  if (length == sizeof(State)) memcpy(payload, buffer, length);
  if (length == 0) ((State *)payload)->line_first = 1;
}

// --- words ----------------------------------------------------------------------------------------------------------

static const char *const KEYWORDS[] = {"theorem", "def", "lemma", "example", "abbrev", "instance", "structure",
  "inductive", "coinductive", "axiom", "opaque", "class", 0};
static const char *const SCOPES[] = {"namespace", "section", "end", "mutual", 0};
static const char *const MODIFIERS[] = {"private", "protected", "noncomputable", "partial", "unsafe", "nonrec",
  "public", "meta", "scoped", "local", 0};
// Other commands. They count in the first column only: `open ... in`, `set_option ... in` stand in proofs too.
static const char *const COMMAND_WORDS[] = {"open", "variable", "variables", "universe", "universes", "set_option",
  "attribute", "notation", "notation3", "infix", "infixl", "infixr", "prefix", "postfix", "macro", "macro_rules",
  "syntax", "elab", "elab_rules", "declare_syntax_cat", "initialize", "builtin_initialize", "simproc", "dsimproc",
  "simproc_decl", "dsimproc_decl", "builtin_simproc", "builtin_dsimproc", "run_cmd", "run_elab", "run_meta", "alias",
  "export", "add_decl_doc", "register_option", "register_builtin_option", "register_simp_attr", "register_label_attr",
  "library_note", "assert_not_exists", "assert_not_imported", "suppress_compilation", "unsuppress_compilation",
  "compile_inductive", "unif_hint", "binder_predicate", "irreducible_def", "proof_wanted", "theorem_wanted", "include",
  "omit", "import", "seal", "unseal", "initialize_simps_projections", "declare_aesop_rule_sets", "deprecated_module",
  "grind_pattern", "problem", "determine", "snip", "tactic_extension", "register_error_explanation", "scoped_notation",
  "mk_iff_of_inductive_prop", "recall", "insert_to_additive_translation", "unset_option", "init_quot",
  "erase_aesop_rules", "add_aesop_rules", "elab_stx", "lint_only", "doc_role", 0};
static const char *const MAY_CONTINUE[] = {"open", "variable", "universe", "set_option", "attribute", "include", "omit",
  "guard_msgs", 0};
static const char *const LETS[] = {"let", "have", "letI", "haveI", "let_fun", 0};
// An operand does not end with these, so that a `|` after them begins an absolute value.
static const char *const NO_OPERANDS[] = {"with", "by", "fun", "then", "else", "if", "in", "match", 0};
static const char *const INTERPOLATING[] = {"s!", "m!", "f!", "println!", "eprintln!", "dbg_trace", "throwError",
  "logInfo", "logWarning", "logError", 0};

static bool among(const char *word, const char *const *list) {
  for (; *list; list++)
    if (!strcmp(word, *list)) return true;
  return false;
}

static bool is(const char *word, const char *wanted) { return !strcmp(word, wanted); }

// --- characters -----------------------------------------------------------------------------------------------------

static bool is_space(int32_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xFEFF; }
static bool is_digit(int32_t c) { return c >= '0' && c <= '9'; }
static bool is_letter(int32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Lean's own `isLetterLike`: Greek without lambda, Pi and Sigma, Coptic, polytope Greek, letter-like, script, Latin
static bool is_letterlike(int32_t c) {
  return (c >= 0x3b1 && c <= 0x3c9 && c != 0x3bb) || (c >= 0x391 && c <= 0x3a9 && c != 0x3a0 && c != 0x3a3) ||
         (c >= 0x3ca && c <= 0x3fb) || (c >= 0x1f00 && c <= 0x1ffe) || (c >= 0x2100 && c <= 0x214f) ||
         (c >= 0x1d49c && c <= 0x1d59f) || (c >= 0xc0 && c <= 0x17f && c != 0xd7 && c != 0xf7);
}
static bool is_subscript(int32_t c) {
  return (c >= 0x2080 && c <= 0x2089) || (c >= 0x2090 && c <= 0x209c) || (c >= 0x1d62 && c <= 0x1d6a) || c == 0x2c7c;
}
static bool begins_word(int32_t c) { return is_letter(c) || c == '_' || is_letterlike(c); }
static bool in_word(int32_t c) {
  return begins_word(c) || is_digit(c) || c == '\'' || c == '!' || c == '?' || is_subscript(c);
}
static bool begins_name(int32_t c) { return begins_word(c) || c == 0xab; }
static bool is_open(int32_t c) {
  return c == '(' || c == '[' || c == '{' || c == 0x27e8 || c == 0x2983 || c == 0x27e6;
}
static bool is_close(int32_t c) {
  return c == ')' || c == ']' || c == '}' || c == 0x27e9 || c == 0x2984 || c == 0x27e7;
}

// --- reading --------------------------------------------------------------------------------------------------------

static bool at_end(TSLexer *lexer) { return lexer->eof(lexer); }
static void step(TSLexer *lexer) { lexer->advance(lexer, false); }
static bool take(TSLexer *lexer, int32_t wanted) {
  if (lexer->lookahead != wanted || at_end(lexer)) return false;
  step(lexer);
  return true;
}
static bool found(TSLexer *lexer, enum Symbol symbol) {
  lexer->result_symbol = symbol;
  return true;
}
// Found, and it ends here.
static bool ends(TSLexer *lexer, enum Symbol symbol) {
  lexer->mark_end(lexer);
  return found(lexer, symbol);
}

// One word; of a long one the beginning, which is no keyword. Characters beyond ASCII become `~`.
static void read_word(TSLexer *lexer, char *word) {
  int length = 0;
  while (in_word(lexer->lookahead) && !at_end(lexer)) {
    if (length < MAX_WORD - 1) word[length++] = lexer->lookahead < 128 ? (char)lexer->lookahead : '~';
    step(lexer);
  }
  word[length] = 0;
}

// The rest of «...», which ends with its line at the latest.
static void read_guillemets(TSLexer *lexer) {
  while (!at_end(lexer) && lexer->lookahead != '\n' && !take(lexer, 0xbb)) step(lexer);
}

// The further components of a dotted name, of which the first has just been read; marks its end. Whether there are any.
static bool read_components(TSLexer *lexer) {
  bool any = false;
  lexer->mark_end(lexer);
  while (take(lexer, '.')) {
    if (take(lexer, 0xab)) read_guillemets(lexer);
    else if (begins_word(lexer->lookahead)) while (in_word(lexer->lookahead)) step(lexer);
    else break;
    lexer->mark_end(lexer);
    any = true;
  }
  return any;
}

// After `/-`: to the matching `-/`. Nesting is blind to strings, as Lean's is. Whether the end was found.
static bool read_block(TSLexer *lexer, State *state) {
  for (unsigned depth = 1; depth > 0;) {
    if (at_end(lexer)) return false;
    if (take(lexer, '/')) {
      if (take(lexer, '-')) depth++;
    } else if (take(lexer, '-')) {
      // `--/` ends it too, so a row of `-` is taken one by one
      if (take(lexer, '/')) depth--;
    } else {
      if (lexer->lookahead == '\n') state->line_first = 1;
      step(lexer);
    }
  }
  return true;
}

// Blanks and comments, only to look ahead.
static void skip_blanks(TSLexer *lexer) {
  State ignored;
  for (;;) {
    while (is_space(lexer->lookahead) && !at_end(lexer)) step(lexer);
    if (take(lexer, '-')) {
      if (!take(lexer, '-')) return;
      while (!at_end(lexer) && lexer->lookahead != '\n') step(lexer);
    } else if (take(lexer, '/')) {
      if (!take(lexer, '-') || !read_block(lexer, &ignored)) return;
    } else {
      return;
    }
  }
}

static void skip_spaces(TSLexer *lexer) {
  while (lexer->lookahead == ' ' && !at_end(lexer)) step(lexer);
}

// The next word on this line, only to look ahead.
static void next_word(TSLexer *lexer, char *word) {
  skip_spaces(lexer);
  read_word(lexer, word);
}

// --- comments -------------------------------------------------------------------------------------------------------

static bool line_comment(TSLexer *lexer) {  // after `--`
  skip_spaces(lexer);
  bool tag = take(lexer, '<');
  take(lexer, '/');
  tag = tag && take(lexer, 'v') && take(lexer, 'c') && take(lexer, '-');
  while (!at_end(lexer) && lexer->lookahead != '\n') step(lexer);
  return ends(lexer, tag ? VC_TAG : LINE_COMMENT);
}

static bool block_comment(State *state, TSLexer *lexer) {  // after `/-`
  bool doc = lexer->lookahead == '!';
  if (take(lexer, '-')) {
    if (take(lexer, '/')) return ends(lexer, BLOCK_COMMENT);  // `/--/` is empty
    doc = true;
  }
  if (!read_block(lexer, state)) return ends(lexer, UNTERMINATED);
  // a doc comment is a token for Lean: no import may follow, and a command begins after it
  if (doc && state->stage != COMMANDS) {
    state->stage = COMMANDS;
    state->must_begin = 1;
  }
  return ends(lexer, doc ? DOC_COMMENT : BLOCK_COMMENT);
}

// --- the header -----------------------------------------------------------------------------------------------------

static bool leave_header(State *state, TSLexer *lexer) {
  state->stage = COMMANDS;
  state->must_begin = 0;
  state->pending = 1;
  state->line_first = 1;
  return found(lexer, BOUNDARY);
}

static bool header_word(State *state, TSLexer *lexer, uint8_t next, enum Symbol symbol) {
  state->stage = next;
  return ends(lexer, symbol);
}

static bool is_import_modifier(const char *word) { return is(word, "public") || is(word, "meta") || is(word, "private"); }

// Whether `public`, just read, belongs to an import and not to `public section`.
static bool import_follows(TSLexer *lexer) {
  char word[MAX_WORD];
  for (int count = 0; count < 3; count++) {
    skip_blanks(lexer);
    read_word(lexer, word);
    if (!is_import_modifier(word)) return is(word, "import");
  }
  return false;
}

static bool module_name(State *state, TSLexer *lexer, char *word) {
  if (is(word, "all") && lexer->lookahead == ' ') {
    lexer->mark_end(lexer);
    skip_spaces(lexer);
    if (begins_name(lexer->lookahead)) return found(lexer, ALL_WORD);
  } else {
    read_components(lexer);
  }
  state->stage = IMPORTS;
  return found(lexer, MODULE_NAME);
}

static bool header(State *state, TSLexer *lexer) {
  char word[MAX_WORD] = "";
  if (!begins_name(lexer->lookahead)) return leave_header(state, lexer);
  if (take(lexer, 0xab)) read_guillemets(lexer);
  else read_word(lexer, word);
  if (state->stage == AFTER_IMPORT) return module_name(state, lexer, word);
  if (is(word, "module") && state->stage == FILE_START) return header_word(state, lexer, IMPORTS, MODULE_WORD);
  if (is(word, "prelude")) return header_word(state, lexer, IMPORTS, PRELUDE_WORD);
  if (is(word, "import")) return header_word(state, lexer, AFTER_IMPORT, IMPORT_WORD);
  if (is_import_modifier(word)) {
    if (state->stage == AFTER_MODIFIER) return header_word(state, lexer, AFTER_MODIFIER, IMPORT_MODIFIER);
    if (import_follows(lexer)) {
      state->stage = AFTER_MODIFIER;
      return found(lexer, IMPORT_START);
    }
  }
  return leave_header(state, lexer);
}

// --- where a command begins -----------------------------------------------------------------------------------------

static void begin_command(State *state) {
  state->must_begin = state->in_attribute = state->may_continue = state->nested = 0;
  state->quoted = state->interpolated = 0;
  state->split = NO_SPLIT;
  state->depth = 0;
  state->pending = 1;
}

static bool boundary(State *state, TSLexer *lexer) {
  begin_command(state);
  state->line_first = 1;
  return found(lexer, BOUNDARY);
}

// After a modifier in mid-line position: whether this line declares something (a structure's field may be private).
static bool declares(TSLexer *lexer) {
  char word[MAX_WORD];
  for (int count = 0; count < 3; count++) {
    next_word(lexer, word);
    if (!among(word, MODIFIERS)) return among(word, KEYWORDS) || is(word, "section");
  }
  return false;
}

// After `deriving`: whether it is the command, not the end of an inductive type.
static bool derives_instance(TSLexer *lexer) {
  char word[MAX_WORD];
  next_word(lexer, word);
  if (is(word, "noncomputable")) next_word(lexer, word);
  return is(word, "instance");
}

enum Begins { NO, YES, AS_MODIFIER, AS_WORD, NO_AND_READ };

// Whether the word just read, first on its line, begins a command. Where that takes a look ahead, the word itself is
// marked as read, so the answer is a token of its own (or, NO_AND_READ, an identifier).
static enum Begins begins_command(State *state, TSLexer *lexer, const char *word, bool first_column) {
  bool outside = first_column || state->depth == 0;
  if (among(word, KEYWORDS) || among(word, SCOPES)) return outside ? YES : NO;
  if (among(word, MODIFIERS)) {
    if (first_column) return YES;
    if (!outside) return NO;
    lexer->mark_end(lexer);
    return declares(lexer) ? AS_MODIFIER : NO_AND_READ;
  }
  if (first_column && is(word, "deriving")) {
    lexer->mark_end(lexer);
    return derives_instance(lexer) ? AS_WORD : NO_AND_READ;
  }
  return first_column && among(word, COMMAND_WORDS) ? YES : NO;
}

// --- tokens ---------------------------------------------------------------------------------------------------------

// A token that ends where the lexer stands, or was marked; `operand` says whether it ends an operand.
static bool token(State *state, TSLexer *lexer, enum Symbol symbol, bool operand) {
  state->line_first = state->quoted = state->interpolated = state->after_class = state->after_fun = 0;
  state->operand = operand;
  return found(lexer, symbol);
}

static bool token_here(State *state, TSLexer *lexer, enum Symbol symbol, bool operand) {
  lexer->mark_end(lexer);
  return token(state, lexer, symbol, operand);
}

// The word that says what the pending command is.
static bool own_word(State *state, TSLexer *lexer, const char *word) {
  state->pending = 0;
  state->split = NO_SPLIT;
  state->lets = state->match = 0;
  enum Symbol symbol = COMMAND_WORD;
  if (among(word, KEYWORDS)) {
    symbol = KEYWORD;
    state->split = is(word, "inductive") || is(word, "coinductive") ? BEFORE_CONSTRUCTORS : BEFORE_BODY;
  }
  else if (is(word, "namespace")) symbol = NAMESPACE_WORD;
  else if (is(word, "section")) symbol = SECTION_WORD;
  else if (is(word, "end")) symbol = END_WORD;
  else if (is(word, "mutual")) symbol = MUTUAL_WORD;
  token(state, lexer, symbol, false);
  state->may_continue = among(word, MAY_CONTINUE);
  state->after_class = is(word, "class");
  return true;
}

static bool raw_string(State *state, TSLexer *lexer) {  // after `r`: #s, quote, ..., quote, as many #s
  unsigned hashes = 0;
  while (take(lexer, '#')) hashes++;
  if (!take(lexer, '"')) return token(state, lexer, IDENTIFIER, true);
  while (!at_end(lexer)) {
    if (take(lexer, '"')) {
      unsigned count = 0;
      while (count < hashes && take(lexer, '#')) count++;
      if (count == hashes) return token_here(state, lexer, STRING, true);
    } else {
      step(lexer);
    }
  }
  return ends(lexer, UNTERMINATED);
}

// Nobody nests that deep: the rest of the file is one token that no rule has, so that recovery has nothing to retry.
static bool give_up(TSLexer *lexer) {
  while (!at_end(lexer)) step(lexer);
  return ends(lexer, UNTERMINATED);
}

// The text of a string after its quote, or after the `}` of an interpolation: to the quote, or to the next `{`.
static bool string_text(State *state, TSLexer *lexer, bool interpolated) {
  while (!at_end(lexer)) {
    if (take(lexer, '\\')) {
      if (!at_end(lexer)) step(lexer);
    } else if (take(lexer, '"')) {
      return token_here(state, lexer, STRING, true);
    } else if (interpolated && lexer->lookahead == '{') {
      step(lexer);
      if (state->nested == MAX_INTERPOLATIONS) return give_up(lexer);
      state->outer[state->nested++] = state->depth++;
      return token_here(state, lexer, STRING, false);
    } else {
      step(lexer);
    }
  }
  return ends(lexer, UNTERMINATED);
}

static bool character(State *state, TSLexer *lexer) {  // after a quote: a literal only if it is one to its end
  lexer->mark_end(lexer);
  if (take(lexer, '\'')) return token_here(state, lexer, OPERATOR, false);  // `f '' s`, the image of a set
  if (take(lexer, '\\')) {
    step(lexer);
    for (int count = 0; count < 6 && lexer->lookahead != '\'' && lexer->lookahead != '\n'; count++) step(lexer);
  } else if (!at_end(lexer) && lexer->lookahead != '\n') {
    step(lexer);
  }
  if (take(lexer, '\'')) return token_here(state, lexer, CHAR, true);
  return token(state, lexer, OPERATOR, false);
}

static void digits(TSLexer *lexer) {
  while (is_digit(lexer->lookahead) || lexer->lookahead == '_') step(lexer);
}

static bool is_hexadecimal(int32_t c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '_'; }

// No letter more than Lean takes: `2sorry` is a number and a `sorry`.
static bool number(State *state, TSLexer *lexer) {
  bool zero = take(lexer, '0');
  if (zero && (take(lexer, 'x') || take(lexer, 'X') || take(lexer, 'b') || take(lexer, 'B') || take(lexer, 'o') ||
               take(lexer, 'O'))) {
    while (is_hexadecimal(lexer->lookahead)) step(lexer);
    return token_here(state, lexer, NUMBER, true);
  }
  digits(lexer);
  lexer->mark_end(lexer);
  if (take(lexer, '.')) {
    if (!is_digit(lexer->lookahead)) return token(state, lexer, NUMBER, true);
    digits(lexer);
    lexer->mark_end(lexer);
  }
  if (take(lexer, 'e') || take(lexer, 'E')) {
    if (!take(lexer, '-')) take(lexer, '+');
    if (!is_digit(lexer->lookahead)) return token(state, lexer, NUMBER, true);
    digits(lexer);
    lexer->mark_end(lexer);
  }
  return token(state, lexer, NUMBER, true);
}

static bool opening(State *state, TSLexer *lexer) {
  step(lexer);
  if (state->depth < UINT16_MAX) state->depth++;
  return token_here(state, lexer, OPEN, false);
}

static bool closing(State *state, TSLexer *lexer) {
  int32_t bracket = lexer->lookahead;
  step(lexer);
  if (state->depth) state->depth--;
  if (bracket == '}' && state->nested && state->outer[state->nested - 1] >= state->depth) {
    state->nested--;
    return string_text(state, lexer, true);
  }
  if (state->in_attribute && state->depth == 0) {
    state->in_attribute = 0;
    return token_here(state, lexer, ATTRIBUTE_CLOSE, false);
  }
  if (bracket == ']') take(lexer, '\'');  // `a[i]'h` has the token `]'`: no character literal begins there
  return token_here(state, lexer, CLOSE, true);
}

// Whether a `|` in a signature, just read, begins the alternatives of a body: `=>` must come before the next bar, as it
// does not after the first one of `|x| ≤ 1`, and before any `:=`, as it does not after the last one of
// `|x| ≤ 1 := fun h => ...`; within brackets neither counts. A pattern that goes on in the next line has a blank after
// its bar.
static bool begins_alternatives(TSLexer *lexer, bool line_first) {
  bool blank = is_space(lexer->lookahead);
  int depth = 0;
  for (int count = 0; count < BAR_LOOKAHEAD && !at_end(lexer); count++) {
    if (lexer->lookahead == '\n') return line_first && blank;
    if (lexer->lookahead == '|' && !blank) return false;
    depth += is_open(lexer->lookahead) - is_close(lexer->lookahead);
    if (depth < 0) return false;
    if (take(lexer, '=')) {
      if (lexer->lookahead == '>' && depth == 0) return true;
    } else if (take(lexer, ':')) {
      if (lexer->lookahead == '=' && depth == 0) return false;
    } else {
      step(lexer);
    }
  }
  return false;
}

// `adjacent`: no blank before it, so it closes `|x|` rather than beginning an alternative.
static bool bar(State *state, TSLexer *lexer, bool line_first, bool adjacent) {  // after `|`
  lexer->mark_end(lexer);
  if (lexer->lookahead == '|' || lexer->lookahead == '>') {  // `||`, `|||`, `|>`: no bar; `|>.` is followed by a name
    while (take(lexer, '|') || take(lexer, '>')) {}
    bool quoted = take(lexer, '.') && begins_name(lexer->lookahead);
    token_here(state, lexer, OPERATOR, false);
    state->quoted = quoted;
    return true;
  }
  if (state->split && state->depth == 0 && !state->match) {
    bool body = state->split == BEFORE_CONSTRUCTORS;
    if (!body && !adjacent && state->operand) body = begins_alternatives(lexer, line_first);
    if (state->after_fun) state->match = 1;  // `fun | 0 => ...` in a statement: the bars that follow are its own
    if (body) {
      state->split = NO_SPLIT;
      return token(state, lexer, BAR, false);
    }
  }
  return token(state, lexer, OPERATOR, false);
}

static bool colon(State *state, TSLexer *lexer) {  // after `:`
  if (!take(lexer, '=')) return token_here(state, lexer, OPERATOR, false);
  if (!state->split || state->depth) return token_here(state, lexer, OPERATOR, false);
  if (state->lets) {  // it belongs to a `let` of the statement
    state->lets--;
    return token_here(state, lexer, OPERATOR, false);
  }
  state->split = NO_SPLIT;
  return token_here(state, lexer, ASSIGN, false);
}

// `let x ← e` has no `:=`.
static void arrow(State *state) {
  if (state->split && state->depth == 0 && state->lets) state->lets--;
}

// Operators that are more than one character only where a comment, a bar or a name could be misread within them.
static bool operator(State *state, TSLexer *lexer, int32_t first, bool line_first, bool adjacent) {  // after its first character
  bool quoted = false;
  switch (first) {
    case ':': return colon(state, lexer);
    case '|': return bar(state, lexer, line_first, adjacent);
    case '\'': return character(state, lexer);
    case '<':
      if (take(lexer, '-')) arrow(state);  // `<-` is an ASCII arrow, so in `<--x` no comment begins
      else if (take(lexer, ';')) take(lexer, '>');
      else while (take(lexer, '|') || take(lexer, '>') || take(lexer, '$') || take(lexer, '=')) {}
      break;
    case '>': while (take(lexer, '=') || take(lexer, '>')) {} break;
    case '`': take(lexer, '`'); quoted = true; break;
    case '.': quoted = begins_name(lexer->lookahead); break;
    case '=': take(lexer, '>'); break;
    case 0x2190: arrow(state); break;
    default: break;
  }
  token_here(state, lexer, OPERATOR, false);
  state->quoted = quoted;
  state->after_fun = first == 0x3bb;  // the letter lambda
  return true;
}

// An identifier, or one of the words that mean something in a signature or a body.
static bool plain_word(State *state, TSLexer *lexer, const char *word) {
  bool splits = state->split && state->depth == 0;
  if (is(word, "sorry") || is(word, "admit")) return token(state, lexer, SORRY, true);
  if (splits && is(word, "where")) {
    state->split = NO_SPLIT;
    return token(state, lexer, WHERE, false);
  }
  if (state->after_class && (is(word, "inductive") || is(word, "abbrev"))) {
    state->split = is(word, "inductive") ? BEFORE_CONSTRUCTORS : BEFORE_BODY;
    return token(state, lexer, KEYWORD, false);
  }
  if (state->may_continue && state->depth == 0 && is(word, "in")) {
    token(state, lexer, IDENTIFIER, false);
    state->must_begin = 1;
    return true;
  }
  if (splits && among(word, LETS) && state->lets < UINT8_MAX) state->lets++;
  if (splits && is(word, "match")) state->match = 1;
  token(state, lexer, IDENTIFIER, !among(word, NO_OPERANDS));
  state->interpolated = among(word, INTERPOLATING);
  state->after_fun = is(word, "fun");
  return true;
}

static bool word_token(State *state, TSLexer *lexer, bool line_first, bool first_column) {
  char word[MAX_WORD] = "";
  bool guillemets = take(lexer, 0xab);
  if (guillemets) read_guillemets(lexer);
  else read_word(lexer, word);
  if (line_first && !state->pending && !state->quoted && lexer->lookahead != '.') {
    switch (begins_command(state, lexer, word, first_column)) {
      case YES: return boundary(state, lexer);
      case AS_MODIFIER: begin_command(state); return token(state, lexer, BOUNDARY_MODIFIER, false);
      case AS_WORD: begin_command(state); own_word(state, lexer, ""); return found(lexer, BOUNDARY_WORD);
      case NO_AND_READ: return token(state, lexer, IDENTIFIER, true);
      case NO: break;
    }
  }
  lexer->mark_end(lexer);
  if (is(word, "r") && (lexer->lookahead == '"' || lexer->lookahead == '#')) return raw_string(state, lexer);
  bool dotted = read_components(lexer);
  if (state->pending && state->depth == 0) {
    if (!dotted && among(word, MODIFIERS)) return token(state, lexer, MODIFIER, false);
    return own_word(state, lexer, dotted ? "" : word);
  }
  if (dotted || guillemets || state->quoted) return token(state, lexer, IDENTIFIER, true);
  return plain_word(state, lexer, word);
}

// A pending command that begins with no word: `@[...]` belongs to it, `#eval` names it; anything else stands for it.
static bool pending_symbol(State *state, TSLexer *lexer) {
  int32_t first = lexer->lookahead;
  char word[MAX_WORD] = "";
  step(lexer);
  if (first == '@' && take(lexer, '[')) {
    token_here(state, lexer, ATTRIBUTE_OPEN, false);
    state->in_attribute = 1;
    state->depth = 1;
    return true;
  }
  if (first == '#') read_word(lexer, word);
  lexer->mark_end(lexer);
  return own_word(state, lexer, is(word, "guard_msgs") ? word : "");
}

static bool symbol_token(State *state, TSLexer *lexer, bool line_first, bool first_column, bool adjacent) {
  int32_t first = lexer->lookahead;
  if (state->pending && !state->in_attribute && first != '"') return pending_symbol(state, lexer);
  if (first == '"') {
    bool interpolated = state->interpolated;
    if (state->pending && !state->in_attribute) state->pending = 0;
    step(lexer);
    return string_text(state, lexer, interpolated);
  }
  if (is_digit(first)) return number(state, lexer);
  if (is_open(first)) return opening(state, lexer);
  if (is_close(first)) return closing(state, lexer);
  step(lexer);
  if (first_column && !state->pending && (first == '@' || first == '#')) {
    bool begins = first == '@' ? lexer->lookahead == '[' : begins_word(lexer->lookahead);
    if (begins) return boundary(state, lexer);
  }
  return operator(state, lexer, first, line_first, adjacent);
}

bool tree_sitter_lean_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
  State *state = payload;
  (void)valid;  // what a token is never depends on what the grammar would like
  bool line_first = state->line_first;
  bool adjacent = true;
  while (is_space(lexer->lookahead) && !at_end(lexer)) {
    if (lexer->lookahead == '\n') line_first = true;
    lexer->advance(lexer, true);
    adjacent = false;
  }
  if (at_end(lexer)) return false;
  if (!adjacent) state->quoted = 0;
  bool first_column = line_first && lexer->get_column(lexer) == 0;
  lexer->mark_end(lexer);
  int32_t first = lexer->lookahead;
  if (first == '-' || first == '/') {
    step(lexer);
    state->line_first = line_first;
    if (lexer->lookahead == '-') state->quoted = 0;
    if (first == '-' && take(lexer, '-')) return line_comment(lexer);
    if (first == '/' && take(lexer, '-')) return block_comment(state, lexer);
    if (state->stage != COMMANDS) return leave_header(state, lexer);
    if (state->must_begin) return boundary(state, lexer);
    if (first == '/') take(lexer, '/');  // `{x // p}`: in `//-1` no comment begins
    if (state->pending) {
      lexer->mark_end(lexer);
      return own_word(state, lexer, "");
    }
    return token_here(state, lexer, OPERATOR, false);
  }
  if (state->stage != COMMANDS) return header(state, lexer);
  if (state->must_begin) return boundary(state, lexer);
  if (begins_name(first)) return word_token(state, lexer, line_first, first_column);
  return symbol_token(state, lexer, line_first, first_column, adjacent);
}
