DROP FUNCTION visage.add_space(text, text, text, text, text, integer, boolean);
