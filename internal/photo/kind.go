package photo

import (
	"net/url"
	"strings"
)

// Kind is a kind of name that photographs have.
type Kind string

// The kinds.
const (
	File   Kind = "file"           // a path, of any bytes
	Stdin  Kind = "standard input" // "-"
	Inline Kind = "data URI"       // "data:image/jpeg;base64,...", RFC 2397
	URL    Kind = "URL"            // "https://..."
)

// KindOf says how Read takes a name. A name that begins with a scheme and "//"
// is a URL, of whatever scheme, and one that begins with "data:" a data URI; a
// file that is called so is reached by putting "./" before its name.
func KindOf(name string) Kind {
	scheme, rest, found := strings.Cut(name, ":")
	switch {
	case name == "-":
		return Stdin
	case found && strings.EqualFold(scheme, "data"):
		return Inline
	case found && isScheme(scheme) && strings.HasPrefix(rest, "//"):
		return URL
	default:
		return File
	}
}

// isScheme follows RFC 3986, section 3.1.
func isScheme(text string) bool {
	for i, c := range []byte(strings.ToLower(text)) {
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return text != ""
}

// Name is what messages call a photograph: a URL without user, query and
// fragment, which may be secret, "data URI" instead of its content, and other
// names as they are.
func Name(name string) string {
	switch KindOf(name) {
	case Inline:
		return string(Inline)
	case URL:
		u, err := url.Parse(name)
		if err != nil {
			return string(URL)
		}
		return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
	default:
		return name
	}
}

// maxShown is how many bytes of a name stand in a message about a name that is
// hardly one, such as base64 where a path should be.
const maxShown = 64

func shortened(name string) string {
	if len(name) <= maxShown {
		return name
	}
	return strings.ToValidUTF8(name[:maxShown], "") + "..."
}
