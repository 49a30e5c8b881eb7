"""Other systems that Python code talks to through a library of their own: mail, queues, clouds, payments.

Each call waits for an answer over the network, whatever the library hides of it.
"""

from __future__ import annotations

from backend_analyzers.libraries.vocabulary import Block, Library, Transaction, methods

_MAIL = Block("sending mail")
_QUEUE = Block("a message queue")
_CLOUD = Block("a cloud service")
_PAYMENT = Block("a payment service")
_CLIENT = "botocore.client.BaseClient"

MAIL = Library(
    "python",
    calls={
        **methods("django.core.mail", "send_mail send_mass_mail mail_admins mail_managers", _MAIL),
        **methods("django.core.mail.EmailMessage", "send", _MAIL),
        **methods("flask_mail.Mail", "send", _MAIL),
        **methods("aiosmtplib", "send", Block("sending mail", blocking=False)),
    },
    types=("django.core.mail.EmailMessage", "flask_mail.Mail"),
    aliases={"django.core.mail.message.EmailMessage": "django.core.mail.EmailMessage"},
    returns={"django.core.mail.EmailMultiAlternatives": "django.core.mail.EmailMessage"},
)

QUEUES = Library(
    "python",
    calls={
        **methods("pika.BlockingChannel", "basic_publish", _QUEUE),
        **methods("kafka.KafkaProducer", "flush", _QUEUE),
        **methods("confluent_kafka.Producer", "flush", _QUEUE),
        **methods("aiokafka.AIOKafkaProducer", "send_and_wait", Block("a queue", blocking=False)),
    },
    types=("kafka.KafkaProducer", "confluent_kafka.Producer", "aiokafka.AIOKafkaProducer"),
    returns={
        "pika.BlockingConnection": "pika.BlockingConnection",
        "pika.BlockingConnection.channel": "pika.BlockingChannel",
    },
)

CLOUDS = Library(
    "python",
    calls=methods(
        _CLIENT,
        "put_object get_object upload_file upload_fileobj download_file download_fileobj copy_object"
        " delete_object send_message send_message_batch receive_message publish send_email invoke"
        " get_secret_value",
        _CLOUD,
    ),
    returns={"boto3.client": _CLIENT},
)

PAYMENTS = Library(
    "python",
    calls={
        **methods("stripe.Charge", "create retrieve capture", _PAYMENT),
        **methods("stripe.PaymentIntent", "create retrieve confirm capture cancel", _PAYMENT),
        **methods("stripe.Refund", "create retrieve", _PAYMENT),
        **methods("stripe.Customer", "create retrieve modify delete", _PAYMENT),
        **methods("stripe.Subscription", "create retrieve modify delete cancel", _PAYMENT),
        **methods("stripe.checkout.Session", "create retrieve expire", _PAYMENT),
    },
)

DJANGO = Library(
    "python",
    calls={
        "django.db.transaction.atomic": Transaction("begin", blocking=False),
        "django.db.transaction.commit": Transaction("commit", blocking=True),
        "django.db.transaction.rollback": Transaction("rollback", blocking=True),
    },
    aliases={"django.db.transaction.Atomic": "django.db.transaction.atomic"},
)

LIBRARIES = (MAIL, QUEUES, CLOUDS, PAYMENTS, DJANGO)
