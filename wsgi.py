"""The web tool for a WSGI server: `gunicorn --config app/web/gunicorn.py wsgi:app`."""

from app.factory import create_app
from app.settings import Settings

app = create_app(Settings.from_env())
