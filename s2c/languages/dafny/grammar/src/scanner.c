// The one token that regular expressions cannot say: a block comment, which nests in Dafny.
//
// An unterminated comment is returned as a token that no rule uses, so it is one error at its own place. Returning
// false instead would let error recovery rescan from every later byte (200 kB of "/*/*" then took a minute).

#include "tree_sitter/parser.h"

enum Token { BLOCK_COMMENT, UNTERMINATED_COMMENT };

void *tree_sitter_dafny_external_scanner_create(void) { return 0; }
void tree_sitter_dafny_external_scanner_destroy(void *payload) { (void)payload; }
unsigned tree_sitter_dafny_external_scanner_serialize(void *payload, char *buffer) {
  (void)payload;
  (void)buffer;
  return 0;
}
void tree_sitter_dafny_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  (void)payload;
  (void)buffer;
  (void)length;
}

static bool is_blank(int32_t c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == 0xFEFF;
}

static bool take(TSLexer *lexer, int32_t wanted) {
  if (lexer->lookahead != wanted || lexer->eof(lexer)) return false;
  lexer->advance(lexer, false);
  return true;
}

bool tree_sitter_dafny_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
  (void)payload;
  if (!valid[BLOCK_COMMENT]) return false;
  while (is_blank(lexer->lookahead)) lexer->advance(lexer, true);
  if (!take(lexer, '/') || !take(lexer, '*')) return false;
  unsigned depth = 1;
  while (depth > 0 && !lexer->eof(lexer)) {
    if (take(lexer, '/')) {
      if (take(lexer, '*')) depth++;
    } else if (take(lexer, '*')) {
      if (take(lexer, '/')) depth--;
    } else {
      lexer->advance(lexer, false);
    }
  }
  lexer->result_symbol = depth ? UNTERMINATED_COMMENT : BLOCK_COMMENT;
  return true;
}
