package httpapi

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// jobs answers GET /v1/jobs: the newest first, of the states that are named.
func (v v1) jobs(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := v.cfg.Resources.Jobs.Jobs(c.Request().Context(), c.QueryParams()["state"], page.Limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, found)
}

// enqueue answers POST /v1/jobs: a folder, or an archive that is sent as a form's file
// of this name, is queued for visage worker.
func (v v1) enqueue(c echo.Context) (err error) {
	f, err := strictFields(c, "folder", "archive", "gallery", "model", "detector", "anti_spoofing")
	if err != nil {
		return err
	}
	order := JobOrder{Folder: f.text("folder", ""), Gallery: f.text("gallery", face.DefaultGallery), Choice: choiceOf(f), Live: f.flag("anti_spoofing", false)}
	archives := f.files["archive"]
	if (order.Folder == "") == (len(archives) == 0) || len(archives) > 1 {
		f.wrongf("send a folder's name, or one file named archive in a form")
	}
	if f.err != nil {
		return f.err
	}
	if err := face.CheckName("gallery", order.Gallery); err != nil {
		return err
	}
	if len(archives) == 1 {
		file, err := archives[0].Open()
		if err != nil {
			return face.Wrap(face.Internal, err, "open the archive that was sent")
		}
		defer file.Close() // nothing was written
		order.Archive = file
	}
	queued, err := v.cfg.Resources.Jobs.Enqueue(c.Request().Context(), order)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, queued)
}

// jobOf is the number of the job that the path names.
func jobOf(c echo.Context) (int64, error) {
	id, err := strconv.ParseInt(c.Param("job"), 10, 64)
	if err != nil {
		return 0, face.Errorf(face.NotFound, "there is no such job: a job has a number, see /v1/jobs")
	}
	return id, nil
}

// job answers GET /v1/jobs/{job}.
func (v v1) job(c echo.Context) error {
	id, err := jobOf(c)
	if err != nil {
		return err
	}
	found, err := v.cfg.Resources.Jobs.Job(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, found)
}

// cancelJob answers DELETE /v1/jobs/{job}: it ends before its time; what it has
// committed stays.
func (v v1) cancelJob(c echo.Context) error {
	id, err := jobOf(c)
	if err != nil {
		return err
	}
	found, err := v.cfg.Resources.Jobs.CancelJob(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, found)
}
