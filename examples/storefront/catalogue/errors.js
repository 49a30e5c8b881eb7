/** A refusal whose text is written for the caller. */
export class RequestError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export class NotFound extends RequestError {
  constructor(what) {
    super(404, `no such ${what}`);
  }
}

export class Invalid extends RequestError {
  constructor(message) {
    super(400, message);
  }
}
