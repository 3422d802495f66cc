module github.com/visagedb/visage

go 1.25.0
