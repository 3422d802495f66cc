package face

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Readable writes a name of any bytes, such as a file's, as text that JSON and
// Postgres take: bytes that are not UTF-8, and the zero byte, become \xNN.
// Valid text stays as it is.
func Readable(name string) string {
	if utf8.ValidString(name) && strings.IndexByte(name, 0) < 0 {
		return name
	}
	var text strings.Builder
	for len(name) > 0 {
		r, size := utf8.DecodeRuneInString(name)
		if r == 0 || (r == utf8.RuneError && size == 1) {
			fmt.Fprintf(&text, `\x%02x`, name[0])
		} else {
			text.WriteString(name[:size])
		}
		name = name[size:]
	}
	return text.String()
}
