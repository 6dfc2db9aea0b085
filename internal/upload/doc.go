// Package upload reads requests of multipart/form-data (RFC 7578) while they come:
// small files into memory, large ones into temporary files.
package upload
