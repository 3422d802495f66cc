// Package cv is the only importer of gocv (OpenCV) and of libjpeg-turbo: it
// decodes photographs, scales and warps them and runs Haar cascades. OpenCV's own errors are C++
// exceptions that end the process, so everything is checked here before it is
// handed over.
package cv
