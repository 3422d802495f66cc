// Package sheet draws a contact sheet: one card per probe, with the probe and
// the enrolled photograph that it was found to show side by side, the detected
// faces marked in both, and what was decided in words and in the colour of the
// card's frame.
package sheet
