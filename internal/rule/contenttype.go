package rule

import (
	"errors"
	"mime"
	"strings"
)

// contentType reads a comma-separated list of media types: "image/png", "image/*".
func (p *parser) contentType(value string) error {
	if p.of.Kind != File {
		return p.wrongType("files and lists of them")
	}
	for text := range strings.SplitSeq(value, ",") {
		text = strings.TrimSpace(text)
		kind, subtype, _ := strings.Cut(text, "/")
		if mediaType(text) != text || kind == "" || kind == "*" || subtype == "" {
			return errors.New("media types were expected, in small letters, such as image/png or image/*")
		}
		p.rules.ContentType = append(p.rules.ContentType, text)
	}
	return nil
}

// IsContentType reports whether a file is of one of the media types of a rule. What
// was detected of its bytes counts. Where that says little, such as text/plain, a type
// that can't be detected counts as the client has declared it: text/csv.
func IsContentType(allowed []any, detected, declared string) bool {
	detected, declared = mediaType(detected), mediaType(declared)
	byDeclaration := general[detected] && !detectable[declared]
	for _, one := range allowed {
		text, _ := one.(string)
		if isMediaType(text, detected) || byDeclaration && isMediaType(text, declared) {
			return true
		}
	}
	return false
}

// isMediaType reports whether a media type is the one allowed, or within its "/*".
func isMediaType(allowed, mediaType string) bool {
	prefix, isRange := strings.CutSuffix(allowed, "*")
	if isRange {
		return strings.HasPrefix(mediaType, prefix)
	}
	return allowed == mediaType
}

// mediaType returns the media type of a Content-Type, without parameters; "": it is none.
func mediaType(contentType string) string {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return mediaType
}

// detectable are the types that http.DetectContentType can tell from all others, and
// what is none.
var detectable = map[string]bool{
	"": true, "application/octet-stream": true, "text/html": true, "application/pdf": true, "application/postscript": true,
	"image/x-icon": true, "image/bmp": true, "image/gif": true, "image/webp": true, "image/png": true, "image/jpeg": true,
	"audio/basic": true, "audio/aiff": true, "audio/mpeg": true, "application/ogg": true, "audio/midi": true, "audio/wave": true,
	"video/avi": true, "video/mp4": true, "video/webm": true,
	"application/vnd.ms-fontobject": true, "font/ttf": true, "font/otf": true, "font/collection": true, "font/woff": true, "font/woff2": true,
	"application/x-gzip": true, "application/zip": true, "application/x-rar-compressed": true, "application/wasm": true,
}

// general are the types that http.DetectContentType returns for files of many types.
var general = map[string]bool{
	"application/octet-stream": true, "text/plain": true, "text/xml": true, "application/zip": true,
	"application/x-gzip": true, "application/ogg": true, "video/mp4": true, "video/webm": true,
}
