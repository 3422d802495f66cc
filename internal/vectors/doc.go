// Package vectors reads and writes files of ready templates, one after the
// other and never a whole file in memory: .npy, .csv, .jsonl and .parquet. A
// row that no space could hold is an error that names the file, the row and
// what is wrong with it.
package vectors
