// Package quality measures how well a face is seen in a crop of it. The
// measures are pure functions of the crop's pixels; what they have to be for a
// face to be used is for the caller to say.
package quality
