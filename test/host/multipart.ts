/** One part of a form: a field's name and its bytes. */
export interface FormPart {
  name: string;
  fileName: string | undefined;
  content: Buffer;
}

/** Cuts a `multipart/form-data` body into its parts; throws with the words of Go's own reader. */
export function parseMultipart(contentType: string, body: Buffer): FormPart[] {
  const delimiter = Buffer.from(`--${boundaryOf(contentType)}`);
  const parts: FormPart[] = [];
  let at = body.indexOf(delimiter);
  if (at < 0) throw new Error('multipart: NextPart: EOF');
  for (;;) {
    at += delimiter.length;
    if (body.toString('latin1', at, at + 2) === '--') return parts;
    const headerEnd = body.indexOf('\r\n\r\n', at);
    const end = body.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), at);
    if (headerEnd < 0 || end < 0) throw new Error('multipart: NextPart: unexpected EOF');
    const header = body.toString('utf8', at, headerEnd);
    parts.push({ ...namesIn(header), content: body.subarray(headerEnd + 4, end) });
    at = end + 2;
  }
}

function boundaryOf(contentType: string): string {
  const found = /^multipart\/form-data;.*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) throw new Error("request Content-Type isn't multipart/form-data");
  return boundary;
}

function namesIn(header: string): Pick<FormPart, 'name' | 'fileName'> {
  const disposition = /^content-disposition:\s*form-data;(.*)$/im.exec(header)?.[1] ?? '';
  return {
    name: /\bname="([^"]*)"/.exec(disposition)?.[1] ?? '',
    fileName: /\bfilename="([^"]*)"/.exec(disposition)?.[1],
  };
}
