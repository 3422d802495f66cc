package httpapi

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// deepfaceRoutes are those whose errors are written as DeepFace's clients read them.
var deepfaceRoutes = [...]string{"/represent", "/verify", "/analyze", "/register", "/search", "/build/index", "/find", "/extract"}

func deepfaceRoute(path string) bool { return slices.Contains(deepfaceRoutes[:], path) }

// welcome answers GET / for those who look whether anybody is there, as with DeepFace.
func welcome(c echo.Context) error {
	return c.HTML(http.StatusOK, "<h1>Welcome to Visage</h1>")
}

// deepfaceFailure is an error whose text is where DeepFace has it: in error, of
// refused callers in message too, and of photographs that cannot be read in
// exception.
func deepfaceFailure(status int, what told, id string) map[string]any {
	body := map[string]any{"error": what.Message, "code": what.Code, "request_id": id}
	if what.Details != nil {
		body["details"] = what.Details
	}
	switch {
	case status == 401 || status == 403:
		body["message"] = what.Message
	case what.Code == string(face.Undecodable) || what.Code == string(face.Unsupported) || what.Code == string(face.Empty):
		body["exception"] = what.Message
	}
	return body
}
