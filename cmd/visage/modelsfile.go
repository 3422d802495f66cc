package main

import (
	"fmt"
	"strings"

	"github.com/visagedb/visage/embed/registry"
)

// printFile prints one file of a model, and what it is known by.
func (a *app) printFile(label string, f registry.File) {
	bytes := fmt.Sprintf("%d bytes", f.Bytes)
	switch {
	case f.Bytes == 0 && f.About > 0:
		bytes = megabytes(0, f.About)
	case f.Bytes == 0:
		bytes = "size unknown"
	}
	a.printLine(label, f.Name+", "+bytes)
	for _, line := range append(vouch(f), f.URL) {
		a.printLine("", line)
	}
	if f.Archive != "" {
		a.printLine("", strings.TrimSpace("unpacked from that "+f.Archive+" archive "+f.Member))
	}
	for _, mirror := range f.Mirrors {
		a.printLine("", "or "+mirror)
	}
	if f.Made != "" {
		a.printLine("", "made: "+f.Made)
	}
}

// vouch says what a file is known by, and what that rests on.
func vouch(f registry.File) []string {
	var lines []string
	switch by := f.Vouch(); {
	case by == registry.ByNobody && f.SHA256 == "":
		return []string{"unpinned: there is no published hash"}
	case by == registry.ByNobody:
		return []string{"sha256 " + f.SHA256 + " (unpinned: as it was when it came)"}
	case by == registry.ByHash && f.URL == "":
		return []string{"sha256 " + f.SHA256}
	case by == registry.ByHash:
		return []string{"sha256 " + f.SHA256 + " (published)"}
	}
	if f.SHA256 != "" {
		lines = append(lines, "sha256 "+f.SHA256+" (as it came, verified by what follows)")
	}
	if f.GitBlob != "" {
		lines = append(lines, "git blob "+f.GitBlob+" (published)")
	}
	if f.ArchiveSHA256 != "" {
		lines = append(lines, "archive's sha256 "+f.ArchiveSHA256+" (published)")
	}
	return lines
}
