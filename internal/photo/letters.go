package photo

import (
	"encoding/hex"
	"io"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// whiteSpace is what the URL and HTML standards call so in ASCII.
const whiteSpace = " \t\n\f\r"

// unescaped reads a text in which %XX stands for a byte (RFC 3986, section 2.1).
type unescaped struct{ text string }

// Read has errors of face.Invalid.
func (u *unescaped) Read(p []byte) (int, error) {
	for n := 0; ; n++ {
		plain, _, found := strings.Cut(u.text[:min(len(u.text), len(p)-n)], "%")
		n += copy(p[n:], plain)
		u.text = u.text[len(plain):]
		switch {
		case found && len(u.text) < 3:
			return n, face.Errorf(face.Invalid, "data URI that ends within a percent-encoded character")
		case found:
			if _, err := hex.Decode(p[n:n+1], []byte(u.text[1:3])); err != nil {
				return n, face.Errorf(face.Invalid, "data URI with %q where two hexadecimal digits must follow the percent sign", u.text[:3])
			}
			u.text = u.text[3:]
		case u.text == "":
			return n, io.EOF
		default:
			return n, nil
		}
	}
}

// alphabet is that of base64 (RFC 4648, section 4).
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// letters reads the characters of base64, in the standard alphabet, without
// white space and padding.
type letters struct {
	from    io.Reader
	padding int64     // how many "=" were read
	letter  [256]byte // the character of alphabet that a byte stands for, or 0
}

func newLetters(from io.Reader) *letters {
	l := &letters{from: from}
	for _, c := range []byte(alphabet) {
		l.letter[c] = c
	}
	l.letter['-'], l.letter['_'] = '+', '/' // RFC 4648, section 5
	return l
}

// Read has errors of face.Invalid, and those of the text.
func (l *letters) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	kept := p[:0]
	for _, c := range p[:n] {
		letter := l.letter[c]
		switch {
		case letter != 0 && l.padding == 0:
			kept = append(kept, letter)
		case strings.IndexByte(whiteSpace, c) >= 0:
		case c == '=' && l.padding < 2:
			l.padding++
		case l.padding > 0:
			return len(kept), face.Errorf(face.Invalid, "base64 that goes on after its padding: send one photograph at a time")
		default:
			return len(kept), face.Errorf(face.Invalid, "%q is no character of base64", c)
		}
	}
	return len(kept), err
}
