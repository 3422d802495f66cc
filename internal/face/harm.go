package face

// Harm is something done to a photograph on purpose, to see what becomes of the
// faces in it.
type Harm struct {
	Kind     HarmKind
	Strength float64 // in [0,1], from next to nothing to the worst; package embed/quality says what that is
}

// HarmKind names a Harm.
type HarmKind string

// The kinds.
const (
	Blur      HarmKind = "blur"
	Downscale HarmKind = "downscale"
	Darken    HarmKind = "darken"
	Turn      HarmKind = "turn" // in the picture's plane
)

// Harms are all kinds.
func Harms() []HarmKind { return []HarmKind{Blur, Downscale, Darken, Turn} }
